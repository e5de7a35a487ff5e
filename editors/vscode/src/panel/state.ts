/** The panel's state: one reducer over what the extension tells, which is mostly the contract's events. Pure. */
import type { Change, Completion, LiveTurn, Surroundings, ToPanel } from '../shared/messages';
import type { CanvasModification, Conflict, Message, SessionInfo, SpecUpdate, TurnError, TurnEvent, Usage } from '../shared/protocol';

export type Decision = 'asked' | 'allowed' | 'denied' | 'withdrawn';

export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'thinking'; text: string }
  | { kind: 'tool'; id: string; name: string; input: unknown; state: 'running' | 'done' | 'failed' | 'cut'; summary: string }
  | { kind: 'permission'; requestId: string; toolName: string; input: unknown; description: string; decision: Decision; reason: string }
  | { kind: 'canvas'; index: number; modification: CanvasModification; outcome: string };

export type TurnStatus = 'waiting' | 'queued' | 'running' | 'completed' | 'cancelled' | 'timedOut' | 'failed' | 'interrupted';

export interface Turn {
  /** Ours, known before the server gives the turn its id. */
  key: string;
  turnId: string | null;
  message: string;
  status: TurnStatus;
  parts: Part[];
  queuePosition: number | null;
  retrying: { attempt: number; maxAttempts: number; message: string } | null;
  specUpdates: SpecUpdate[];
  changes: Change[];
  usage: Usage | null;
  error: TurnError | null;
  reverted: { message: string; failed: boolean } | null;
}

export type SessionItem = SessionInfo & { shownTitle: string };

export interface State {
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
  /** Descriptions of questions that came before their event. */
  descriptions: Record<string, string>;
  withdrawn: string[];
}

export type Action = ToPanel | { type: 'closeSessions' } | { type: 'clearNotice' } | { type: 'loadingOlder' } | { type: 'answered'; requestId: string; decision: Decision };

export const INITIAL: State = {
  loaded: false,
  surroundings: { folder: null, folders: [], trusted: true, server: 'starting', serverMessage: '', mode: 'user', model: '', chips: [] },
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
      const turns = [...turnsOf(action.messages), ...state.turns];
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
      const descriptions = { ...state.descriptions, [action.requestId]: action.description };
      return updatePermission({ ...state, descriptions }, action.requestId, { description: action.description });
    }
    case 'answered':
      return updatePermission(state, action.requestId, { decision: action.decision });
    case 'withdrawn':
      return updatePermission({ ...state, withdrawn: [...state.withdrawn, action.requestId] }, action.requestId, {
        decision: 'withdrawn',
      });
    case 'changes':
      return updateTurn(state, (turn) => turn.turnId === action.turnId, (turn) => ({ ...turn, changes: action.changes }));
    case 'reverted': {
      const { message, failed } = action;
      return updateTurn(state, (turn) => turn.turnId === action.turnId, (turn) => ({ ...turn, reverted: { message, failed } }));
    }
    case 'conflicts':
      return { ...state, conflicts: action.conflicts };
    case 'canvasApplied':
      return updateTurn(state, (turn) => turn.key === action.key, (turn) => ({
        ...turn,
        parts: turn.parts.map((part) =>
          part.kind === 'canvas' && part.index === action.index ? { ...part, outcome: action.message } : part,
        ),
      }));
    case 'input':
      return { ...state, input: { text: action.text, focus: action.focus, id: state.input.id + 1 } };
    case 'sessions':
      return { ...state, sessions: action.sessions, sessionsOpen: action.open || state.sessionsOpen };
    case 'completions':
      return { ...state, completions: { id: action.id, items: action.items } };
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

export function isRunning(turn: Turn): boolean {
  return turn.status === 'waiting' || turn.status === 'queued' || turn.status === 'running';
}

export function runningTurn(state: State): Turn | null {
  return state.turns.find(isRunning) ?? null;
}

/** What Claude has said in a turn, without its thoughts. */
export function answerOf(turn: Turn): string {
  return turn.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
}

function conversation(state: State, action: Extract<ToPanel, { type: 'conversation' }>): State {
  const turns = turnsOf(action.messages);
  return {
    ...state,
    loaded: true,
    session: action.session,
    title: action.title,
    turns: action.live === null ? turns : [...turns, liveTurn(action.live, state)],
    more: action.more,
    oldest: action.messages[0]?.id ?? null,
    loadingOlder: false,
    conflicts: [],
    sessionsOpen: false,
    notice: '',
  };
}

function liveTurn(live: LiveTurn, state: State): Turn {
  return live.events.reduce((turn, event) => onEvent(turn, event, state), newTurn(live.key, live.message));
}

function newTurn(key: string, message: string): Turn {
  return {
    key,
    turnId: null,
    message,
    status: 'waiting',
    parts: [],
    queuePosition: null,
    retrying: null,
    specUpdates: [],
    changes: [],
    usage: null,
    error: null,
    reverted: null,
  };
}

/** Stored messages as turns: a message of the user and the answer that belongs to it. */
export function turnsOf(messages: Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'user') {
      turns.push({ ...newTurn(`message-${message.id}`, message.content), turnId: message.turnId, status: stored(message.status) });
      continue;
    }
    let turn = turns.at(-1);
    if (turn === undefined || (message.turnId !== null && turn.turnId !== message.turnId)) {
      turn = { ...newTurn(`message-${message.id}`, ''), turnId: message.turnId };
      turns.push(turn);
    }
    turn.status = stored(message.status);
    for (const { id, name, input, isError, summary } of message.toolCalls) {
      const state = isError === undefined ? 'cut' : isError ? 'failed' : 'done';
      turn.parts.push({ kind: 'tool', id, name, input, state, summary: summary ?? '' });
    }
    if (message.content !== '') turn.parts.push({ kind: 'text', text: message.content });
  }
  return turns;
}

/** A stored turn that still counts as running is not ours: it was cut off, or another window has it. */
function stored(status: Message['status']): TurnStatus {
  return status === 'running' ? 'interrupted' : status;
}

function onEvent(turn: Turn, event: TurnEvent, state: Pick<State, 'descriptions' | 'withdrawn'>): Turn {
  switch (event.type) {
    case 'started':
      return { ...turn, turnId: event.turnId, status: 'running' };
    case 'queued':
      return { ...turn, status: 'queued', queuePosition: event.position };
    case 'text':
      return { ...appendText(turn, 'text', event.delta), status: 'running', queuePosition: null, retrying: null };
    case 'thinking':
      return { ...appendText(turn, 'thinking', event.delta), status: 'running', queuePosition: null, retrying: null };
    case 'toolCall': {
      const { id, name, input } = event;
      return { ...withPart(turn, { kind: 'tool', id, name, input, state: 'running', summary: '' }), retrying: null };
    }
    case 'toolResult':
      return updateParts(turn, (part) =>
        part.kind === 'tool' && part.id === event.id ? { ...part, state: event.isError ? 'failed' : 'done', summary: event.summary } : part,
      );
    case 'permission':
      return onPermission(turn, event, state);
    case 'retrying': {
      const { attempt, maxAttempts, message } = event;
      return { ...turn, retrying: { attempt, maxAttempts, message } };
    }
    case 'canvasModification': {
      const index = turn.parts.filter(({ kind }) => kind === 'canvas').length;
      return withPart(turn, { kind: 'canvas', index, modification: event.modification, outcome: '' });
    }
    case 'specUpdated': {
      const { type: _type, spec: _spec, ...update } = event;
      return { ...turn, specUpdates: [...turn.specUpdates, update] };
    }
    case 'usage': {
      const { type: _type, ...usage } = event;
      return { ...turn, usage };
    }
    case 'textReset':
      return resetText(turn, event.text);
    case 'error':
      return { ...turn, error: event.error };
    case 'done':
      return {
        ...closed(turn),
        status: event.status,
        usage: event.usage ?? turn.usage,
        error: event.error ?? turn.error,
      };
  }
}

function onPermission(turn: Turn, event: Extract<TurnEvent, { type: 'permission' }>, state: Pick<State, 'descriptions' | 'withdrawn'>): Turn {
  const { requestId, toolName, input, reason = '' } = event;
  const known = turn.parts.some((part) => part.kind === 'permission' && part.requestId === requestId);
  const decision: Decision = event.decision === 'asked' && state.withdrawn.includes(requestId) ? 'withdrawn' : event.decision;
  if (known) {
    return updateParts(turn, (part) => (part.kind === 'permission' && part.requestId === requestId ? { ...part, decision, reason } : part));
  }
  const description = state.descriptions[requestId] ?? '';
  return withPart(turn, { kind: 'permission', requestId, toolName, input, description, decision, reason });
}

/** The request has been answered; after `done` this says nothing new. */
function ended(turn: Turn, error: TurnError | null, cancelled: boolean): Turn {
  if (!isRunning(turn)) return turn;
  if (cancelled) return { ...closed(turn), status: 'cancelled' };
  return { ...closed(turn), status: error === null ? 'completed' : 'failed', error: error ?? turn.error };
}

/** Nothing of a turn that is over goes on. */
function closed(turn: Turn): Turn {
  const done = updateParts(turn, (part) => {
    if (part.kind === 'tool' && part.state === 'running') return { ...part, state: 'cut' };
    if (part.kind === 'permission' && part.decision === 'asked') return { ...part, decision: 'withdrawn' };
    return part;
  });
  return { ...done, queuePosition: null, retrying: null };
}

function appendText(turn: Turn, kind: 'text' | 'thinking', delta: string): Turn {
  const last = turn.parts.at(-1);
  if (last?.kind !== kind) return withPart(turn, { kind, text: delta });
  return { ...turn, parts: [...turn.parts.slice(0, -1), { kind, text: last.text + delta }] };
}

/** Keeps what stands of the text parts, in their places, and drops the rest. */
function resetText(turn: Turn, text: string): Turn {
  let left = text;
  const parts: Part[] = [];
  for (const part of turn.parts) {
    if (part.kind !== 'text') {
      parts.push(part);
      continue;
    }
    const stands = commonStart(part.text, left);
    left = left.slice(stands.length);
    if (stands !== '') parts.push({ kind: 'text', text: stands });
  }
  if (left !== '') parts.push({ kind: 'text', text: left });
  return { ...turn, parts };
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return a.slice(0, length);
}

function withPart(turn: Turn, part: Part): Turn {
  return { ...turn, parts: [...turn.parts, part] };
}

function updateParts(turn: Turn, update: (part: Part) => Part): Turn {
  return { ...turn, parts: turn.parts.map(update) };
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
