/** The wire contract of atomizer-lsp (docs/protocol.md), as types. Names are the contract's. */

export type Mode = 'user' | 'power';
export type Status = 'running' | 'completed' | 'cancelled' | 'timedOut' | 'failed' | 'interrupted';

export interface SessionInfo {
  sessionId: string;
  mode: Mode;
  studyId: string | null;
  title: string;
  createdAt: string;
  lastActive: string;
  messageCount: number;
  busy: boolean;
  live: boolean;
}

export interface StoredToolCall {
  id: string;
  name: string;
  input: unknown;
  isError?: boolean;
  summary?: string;
}

export interface Message {
  id: number;
  role: 'user' | 'assistant';
  content: string;
  toolCalls: StoredToolCall[];
  createdAt: string;
  turnId: string | null;
  status: Status;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  costUsd?: number;
  durationMs: number;
  contextTokens?: number;
  contextWindow?: number;
}

export interface TurnError {
  kind: string;
  message: string;
}

export type Applied = 'edit' | 'disk' | 'inSync' | 'conflict' | 'rejected' | 'invalid';

export interface SpecUpdate {
  uri: string;
  studyId: string | null;
  hashBefore: string | null;
  hashAfter: string | null;
  valid: boolean;
  spec?: unknown;
  applied: Applied;
}

/** An error in a spec that was not there before the turn; `pointer` is RFC 6901. */
export interface Introduced {
  uri: string;
  code: string;
  message: string;
  pointer: string;
}

export interface TurnResult {
  sessionId: string;
  turnId: string;
  status: Status;
  text: string;
  toolCalls: StoredToolCall[];
  canvasModifications: CanvasModification[];
  /** What came of them where the server applied them without asking. */
  canvasApplied?: CanvasApplied;
  specUpdates: SpecUpdate[];
  introduced?: Introduced[];
  usage?: Usage;
  error?: TurnError;
}

export type CanvasModification = Record<string, unknown> & { action?: string };

export type TurnEvent =
  | { type: 'started'; sessionId: string; turnId: string }
  | { type: 'queued'; position: number }
  | { type: 'text'; delta: string }
  | { type: 'thinking'; delta: string }
  | { type: 'toolCall'; id: string; name: string; input: unknown }
  | { type: 'toolResult'; id: string; isError: boolean; summary: string }
  | {
      type: 'permission';
      requestId: string;
      toolName: string;
      input: unknown;
      decision: 'asked' | 'allowed' | 'denied';
      reason?: string;
    }
  | { type: 'retrying'; attempt: number; maxAttempts: number; delayMs: number; message: string }
  | { type: 'canvasModification'; modification: CanvasModification }
  | ({ type: 'specUpdated' } & SpecUpdate)
  | ({ type: 'usage' } & Usage)
  | { type: 'textReset'; text: string }
  | { type: 'error'; error: TurnError }
  | ({ type: 'done' } & TurnResult);

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface ChatParams {
  message: string;
  sessionId?: string;
  mode?: Mode;
  studyId?: string;
  textDocument?: { uri: string };
  selection?: Range;
  canvasState?: CanvasState;
}

export interface PermissionQuestion {
  sessionId: string;
  turnId: string;
  requestId: string;
  toolName: string;
  input: unknown;
  description?: string;
}

export interface PermissionAnswer {
  behavior: 'allow' | 'deny';
  scope?: 'once' | 'session';
  message?: string;
}

export interface Study {
  studyId: string;
  uri: string;
  status: string | null;
  draft: boolean;
  errors: number;
  warnings: number;
}

export interface Finding {
  range: Range;
  severity?: number;
  code?: string | number;
  message: string;
}

export interface Validation {
  uri: string;
  errors: number;
  warnings: number;
  diagnostics: Finding[];
  gates: { gate: string; passed: boolean; reasons: string[] }[];
}

export interface CanvasNode {
  id: string;
  kind: string;
  label: string;
  position: { x: number; y: number } | null;
}

export interface CanvasEdge {
  source: string;
  target: string;
}

export interface CanvasState {
  nodes: CanvasNode[];
  edges: CanvasEdge[];
}

export interface CanvasApplied {
  applied: number;
  skipped: { index: number; reason: string }[];
}

export interface FileDiff {
  uri: string;
  diff: string;
  before: string | null;
  after: string | null;
}

export interface Reverted {
  changes: { uri: string; applied: Applied }[];
}

export interface Conflict {
  conflictId: string;
  turnId: string;
  uri: string;
  pointer: string;
  base: unknown;
  mine: unknown;
  theirs: unknown;
}

/** Every request of the contract with its parameters and result. */
export interface Operations {
  'atomizer/chat': { params: ChatParams; result: TurnResult };
  'atomizer/cancel': { params: { sessionId: string }; result: { cancelled: boolean } };
  'atomizer/session/create': {
    params: { mode?: Mode; studyId?: string; resumeSessionId?: string };
    result: SessionInfo;
  };
  'atomizer/session/list': { params: { studyId?: string; limit?: number }; result: SessionInfo[] };
  'atomizer/session/info': { params: { sessionId: string }; result: SessionInfo };
  'atomizer/session/history': { params: { sessionId: string; limit?: number; before?: number }; result: Message[] };
  'atomizer/session/setMode': { params: { sessionId: string; mode: Mode }; result: SessionInfo };
  'atomizer/session/setStudy': { params: { sessionId: string; studyId: string | null }; result: SessionInfo };
  'atomizer/session/close': { params: { sessionId: string }; result: null };
  'atomizer/session/delete': { params: { sessionId: string }; result: null };
  'atomizer/study/list': { params: Record<string, never>; result: Study[] };
  'atomizer/study/validate': { params: StudyTarget; result: Validation };
  'atomizer/canvas/get': { params: StudyTarget; result: CanvasState };
  'atomizer/canvas/apply': { params: StudyTarget & { modifications: CanvasModification[] }; result: CanvasApplied };
  'atomizer/turn/diff': { params: { turnId: string }; result: FileDiff[] };
  'atomizer/turn/revert': { params: { turnId: string }; result: Reverted };
  'atomizer/conflict/list': { params: { uri?: string; sessionId?: string }; result: Conflict[] };
  'atomizer/conflict/resolve': {
    params: { conflictId: string; take: 'mine' | 'theirs' };
    result: { uri: string; applied: Applied };
  };
}

export type StudyTarget = { studyId: string } | { textDocument: { uri: string } };

export type Operation = keyof Operations;
