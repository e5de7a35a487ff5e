/** The panel's state: one reducer over what the extension tells, which is mostly the contract's events. Pure. */
import type { Completion, Surroundings, ToPanel } from '../shared/messages';
import type { Conflict, PermissionQuestion, SessionInfo } from '../shared/protocol';
import { ended, isRunning, newTurn, onEvent, replay, turnsOf, updateParts, type Asked, type Decision, type Part, type Turn } from './turn';

export type SessionItem = SessionInfo & { shownTitle: string };

export interface State extends Asked {
  loaded: boolean;
  surroundings: Surroundings;
  session: SessionInfo | null;
  title: string;
  turns: Turn[];
  /** Older messages can be fetched, and the id to fetch them before. */
  more: boolean;
  oldest: number | null;
  loadingOlder: boolean;
  conflicts: Conflict[];
  sessions: SessionItem[];
  sessionsOpen: boolean;
  completions: { id: number; items: Completion[] };
  /** Text that another part of VS Code put into the input; the number tells two equal ones apart. */
  input: { text: string; focus: boolean; id: number };
  notice: string;
  /** Questions that wait, those of no turn that is shown among them. */
  questions: PermissionQuestion[];
}

export type Action = ToPanel | { type: 'closeSessions' } | { type: 'clearNotice' } | { type: 'loadingOlder' } | { type: 'answered'; requestId: string; decision: Decision };

export const INITIAL: State = {
  loaded: false,
  // Not null: that would say that no folder is open, before the extension has told.
  surroundings: { folder: '', folders: [], trusted: true, server: 'starting', serverMessage: '', mode: 'user', model: '', chips: [], fixIntroduced: 'ask', applyCanvas: 'ask' },
  session: null,
  title: '',
  turns: [],
  more: false,
  oldest: null,
  loadingOlder: false,
  conflicts: [],
  sessions: [],
  sessionsOpen: false,
  completions: { id: 0, items: [] },
  input: { text: '', focus: false, id: 0 },
  notice: '',
  questions: [],
  descriptions: {},
  withdrawn: [],
};

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'surroundings':
      return { ...state, surroundings: action.surroundings };
    case 'conversation':
      return conversation(state, action);
    case 'older': {
      if (action.sessionId !== state.session?.sessionId) return state;
      const turns = [...turnsOf(action.messages, action.records), ...state.turns];
      return { ...state, turns, more: action.more, oldest: action.messages[0]?.id ?? state.oldest, loadingOlder: false };
    }
    case 'sent':
      return { ...state, notice: '', turns: [...state.turns, newTurn(action.key, action.message)] };
    case 'event':
      return updateTurn(state, (turn) => turn.key === action.key, (turn) => onEvent(turn, action.event, state));
    case 'ended':
      return updateTurn(state, (turn) => turn.key === action.key, (turn) => ended(turn, action.error, action.cancelled));
    case 'session':
      return { ...state, session: action.session, title: action.title };
    case 'question': {
      const { requestId, description = '' } = action.question;
      const descriptions = { ...state.descriptions, [requestId]: description };
      const questions = [...without(state.questions, requestId), action.question];
      return updatePermission({ ...state, descriptions, questions }, requestId, { description });
    }
    case 'answered':
      return updatePermission({ ...state, questions: without(state.questions, action.requestId) }, action.requestId, { decision: action.decision });
    case 'withdrawn': {
      const { requestId } = action;
      const withdrawn = [...state.withdrawn, requestId];
      return updatePermission({ ...state, withdrawn, questions: without(state.questions, requestId) }, requestId, { decision: 'withdrawn' });
    }
    case 'changes':
      return updateTurn(state, (turn) => turn.turnId === action.turnId, (turn) => ({ ...turn, changes: action.changes }));
    case 'reverted': {
      const { message, failed } = action;
      return updateTurn(state, (turn) => turn.turnId === action.turnId, (turn) => ({ ...turn, reverted: { message, failed } }));
    }
    case 'conflicts':
      return { ...state, conflicts: action.conflicts };
    case 'canvasApplied':
      return updateTurn(state, (turn) => turn.turnId === action.turnId, (turn) =>
        updateParts(turn, (part) => (part.kind === 'canvas' && part.index === action.index ? { ...part, outcome: action.message } : part)),
      );
    case 'input':
      return { ...state, input: { text: action.text, focus: action.focus, id: state.input.id + 1 } };
    case 'sessions':
      return { ...state, sessions: action.sessions, sessionsOpen: action.open || state.sessionsOpen };
    case 'completions':
      // Answers come in any order: one to an older question says nothing about what is typed now.
      return action.id < state.completions.id ? state : { ...state, completions: { id: action.id, items: action.items } };
    case 'notice':
      return { ...state, notice: action.message };
    case 'closeSessions':
      return { ...state, sessionsOpen: false };
    case 'clearNotice':
      return { ...state, notice: '' };
    case 'loadingOlder':
      return { ...state, loadingOlder: true };
  }
}

export function runningTurn(state: State): Turn | null {
  return state.turns.find(isRunning) ?? null;
}

function conversation(state: State, action: Extract<ToPanel, { type: 'conversation' }>): State {
  const turns = turnsOf(action.messages, action.records);
  return {
    ...state,
    loaded: true,
    session: action.session,
    title: action.title,
    turns: action.live === null ? turns : [...turns, replay(action.live, state)],
    more: action.more,
    oldest: action.messages[0]?.id ?? null,
    loadingOlder: false,
    conflicts: [],
    questions: [],
    sessionsOpen: false,
    notice: '',
  };
}

/** Questions that belong to no turn in sight: Claude asks on behalf of a turn that the server began. */
export function questionsElsewhere({ questions, turns }: State): PermissionQuestion[] {
  return questions.filter(({ turnId }) => !turns.some((turn) => turn.turnId === turnId && isRunning(turn)));
}

function without(questions: PermissionQuestion[], requestId: string): PermissionQuestion[] {
  return questions.filter((question) => question.requestId !== requestId);
}

/** The last turn that fits; the others stay the same object, so that they are not drawn again. */
function updateTurn(state: State, fits: (turn: Turn) => boolean, update: (turn: Turn) => Turn): State {
  const index = state.turns.findLastIndex(fits);
  const turn = state.turns[index];
  return turn === undefined ? state : { ...state, turns: state.turns.with(index, update(turn)) };
}

function updatePermission(state: State, requestId: string, update: Partial<Extract<Part, { kind: 'permission' }>>): State {
  const asked = (part: Part): boolean => part.kind === 'permission' && part.requestId === requestId && part.decision === 'asked';
  return updateTurn(state, (turn) => turn.parts.some(asked), (turn) =>
    updateParts(turn, (part) => (asked(part) && part.kind === 'permission' ? { ...part, ...update } : part)),
  );
}
