/** What the extension and its webviews say to each other. */
import type {
  CanvasEdge,
  CanvasModification,
  CanvasNode,
  Conflict,
  Message,
  Mode,
  PermissionQuestion,
  SessionInfo,
  TurnError,
  TurnEvent,
} from './protocol';

/** A piece of context shown above the input; the user can remove it. */
export interface Chip {
  id: 'study' | 'selection' | 'canvas';
  label: string;
  detail: string;
}

/** What Claude changed in one file in one turn, in words. */
export interface Change {
  uri: string;
  name: string;
  words: string[];
}

export interface Completion {
  label: string;
  detail: string;
  insert: string;
  icon: string;
}

/** Everything around the conversation. */
export interface Surroundings {
  folder: string | null;
  folders: string[];
  trusted: boolean;
  server: 'stopped' | 'starting' | 'running' | 'failed';
  serverMessage: string;
  mode: Mode;
  model: string;
  chips: Chip[];
  /** Settings `chat.fixIntroducedErrors` and `canvas.applyModifications`. */
  fixIntroduced: Offer;
  applyCanvas: Offer;
}

/** Whether something is offered to the user, done by the server without asking, or neither. */
export type Offer = 'ask' | 'auto' | 'off';

/** What a panel may have VS Code do. */
export const PANEL_COMMANDS = [
  'workbench.trust.manage',
  'vscode.openFolder',
  'workbench.action.openSettings',
  'atomizer.restartServer',
  'atomizer.showOutput',
] as const;
export type PanelCommand = (typeof PANEL_COMMANDS)[number];

/** All that was heard of a turn, to show it again: after a reload, or in another panel. */
export interface TurnRecord {
  /** Ours, known before the server gives the turn its id. */
  key: string;
  turnId: string | null;
  sessionId: string | null;
  message: string;
  /** In order; neighbouring deltas are one. */
  events: TurnEvent[];
  /** How the request was answered; null while it runs, and for ever when the window went first. */
  ended: { error: TurnError | null; cancelled: boolean } | null;
  /** What came of applying a canvas modification, by its place in the turn. */
  canvasOutcomes: Record<number, string>;
  reverted: { message: string; failed: boolean } | null;
}

export type ToPanel =
  | { type: 'surroundings'; surroundings: Surroundings }
  | { type: 'conversation'; session: SessionInfo | null; title: string; messages: Message[]; records: TurnRecord[]; more: boolean; live: TurnRecord | null }
  | { type: 'older'; sessionId: string; messages: Message[]; records: TurnRecord[]; more: boolean }
  | { type: 'sent'; key: string; message: string }
  | { type: 'event'; key: string; event: TurnEvent }
  | { type: 'ended'; key: string; error: TurnError | null; cancelled: boolean }
  | { type: 'session'; session: SessionInfo; title: string }
  | { type: 'question'; question: PermissionQuestion }
  | { type: 'withdrawn'; requestId: string }
  | { type: 'changes'; turnId: string; changes: Change[] }
  | { type: 'reverted'; turnId: string; message: string; failed: boolean }
  | { type: 'conflicts'; conflicts: Conflict[] }
  | { type: 'canvasApplied'; turnId: string; index: number; message: string }
  | { type: 'input'; text: string; focus: boolean }
  | { type: 'sessions'; sessions: (SessionInfo & { shownTitle: string })[]; open: boolean }
  | { type: 'completions'; id: number; items: Completion[] }
  | { type: 'notice'; message: string };

export type FromPanel =
  /** The input can be used; `pageMs` is how long after the page began. */
  | { type: 'ready'; pageMs: number }
  | { type: 'send'; text: string }
  | { type: 'stop' }
  | { type: 'newChat' }
  | { type: 'listSessions' }
  | { type: 'openSession'; sessionId: string }
  | { type: 'renameSession'; sessionId: string; title: string }
  | { type: 'exportSession'; sessionId: string }
  | { type: 'deleteSession'; sessionId: string }
  | { type: 'older'; before: number }
  | { type: 'setMode'; mode: Mode }
  | { type: 'setModel'; model: string }
  | { type: 'removeChip'; id: Chip['id'] }
  | { type: 'permission'; requestId: string; behavior: 'allow' | 'deny'; scope: 'once' | 'session' }
  | { type: 'showDiff'; turnId: string; uri: string }
  | { type: 'revert'; turnId: string }
  | { type: 'resolve'; conflictId: string; take: 'mine' | 'theirs' }
  | { type: 'applyCanvas'; turnId: string; index: number }
  | { type: 'complete'; id: number; trigger: '@' | '/'; query: string }
  | { type: 'command'; command: PanelCommand }
  | { type: 'openLink'; href: string }
  | { type: 'openFile'; path: string }
  | { type: 'selectFolder' };

export type ProblemLevel = 'error' | 'warning' | 'none';

export interface ShownNode extends CanvasNode {
  problem: ProblemLevel;
  messages: string[];
}

export type ToCanvas =
  | { type: 'graph'; nodes: ShownNode[]; edges: CanvasEdge[] }
  | { type: 'failed'; message: string }
  | { type: 'notice'; message: string };

export type FromCanvas =
  | { type: 'ready' }
  | { type: 'reveal'; id: string }
  | { type: 'move'; moves: { id: string; x: number; y: number }[] }
  | { type: 'apply'; modifications: CanvasModification[] }
  | { type: 'select'; nodes: string[] };
