/** One turn as the panel shows it: grown from the contract's events, or from what is stored of it. Pure. */
import type { Change, TurnRecord } from '../shared/messages';
import type { CanvasModification, Introduced, Message, SpecUpdate, TurnError, TurnEvent, TurnResult, Usage } from '../shared/protocol';

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
  /** Errors that the turn brought into specs. */
  introduced: Introduced[];
  usage: Usage | null;
  error: TurnError | null;
  reverted: { message: string; failed: boolean } | null;
}

/** What is known of questions beside their events. */
export interface Asked {
  /** Descriptions of questions that came before their event. */
  descriptions: Record<string, string>;
  withdrawn: string[];
}

export const AS_SET = ', as the setting atomizer.canvas.applyModifications says.';
const NOTHING_ASKED: Asked = { descriptions: {}, withdrawn: [] };

export function isRunning(turn: Turn): boolean {
  return turn.status === 'waiting' || turn.status === 'queued' || turn.status === 'running';
}

/** What Claude has said in a turn, without its thoughts. */
export function answerOf(turn: Turn): string {
  return turn.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
}

export function newTurn(key: string, message: string): Turn {
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
    introduced: [],
    usage: null,
    error: null,
    reverted: null,
  };
}

/** A turn again as it was seen while it ran. */
export function replay(record: TurnRecord, asked: Asked): Turn {
  const heard = record.events.reduce((turn, event) => onEvent(turn, event, asked), newTurn(record.key, record.message));
  const turn = record.ended === null ? heard : ended(heard, record.ended.error, record.ended.cancelled);
  const parts = turn.parts.map((part) => (part.kind === 'canvas' ? { ...part, outcome: record.canvasOutcomes[part.index] ?? part.outcome } : part));
  return { ...turn, turnId: turn.turnId ?? record.turnId, parts, reverted: record.reverted };
}

/** Stored messages as turns; of turns that were recorded all that was seen of them, of others what the store has. */
export function turnsOf(messages: Message[], records: TurnRecord[]): Turn[] {
  const recorded = new Map(records.map((record) => [record.turnId, record]));
  const turns: Turn[] = [];
  for (const message of messages) {
    const former = turns.at(-1);
    const begins = former === undefined || message.role === 'user' || (message.turnId !== null && former.turnId !== message.turnId);
    const turn = begins ? firstOf(message, recorded.get(message.turnId)) : former;
    if (begins) turns.push(turn);
    turns[turns.length - 1] = settled(turn, message, recorded.get(message.turnId));
  }
  return turns;
}

function firstOf(message: Message, record: TurnRecord | undefined): Turn {
  const key = `message-${message.id}`;
  if (record !== undefined) return { ...replay(record, NOTHING_ASKED), key };
  const said = message.role === 'user' ? message.content : '';
  return { ...newTurn(key, said), turnId: message.turnId };
}

/** A turn with what a stored message says of it. */
function settled(turn: Turn, message: Message, record: TurnRecord | undefined): Turn {
  // A stored turn that still counts as running is not ours: it was cut off, or another window has it. One that was
  // cancelled and not in its own window went with that window.
  const isCutOff = message.status === 'running' || (message.status === 'cancelled' && record?.ended === null);
  const status = isCutOff ? 'interrupted' : message.status;
  if (record !== undefined) {
    // The store knows better how a turn ended that this window did not see to its end.
    if (status !== 'interrupted' && record.ended !== null) return turn;
    const whole = message.role === 'assistant' && message.content.startsWith(answerOf(turn)) ? resetText(turn, message.content) : turn;
    return { ...closed(whole), status, error: status === 'interrupted' ? null : whole.error };
  }
  const error = status === 'failed' ? { kind: 'failed', message: 'This turn failed.' } : null;
  if (message.role === 'user') return { ...turn, status, error };
  const tools = message.toolCalls.map(({ id, name, input, isError, summary = '' }): Part => {
    return { kind: 'tool', id, name, input, state: isError === undefined ? 'cut' : isError ? 'failed' : 'done', summary };
  });
  const text: Part[] = message.content === '' ? [] : [{ kind: 'text', text: message.content }];
  return { ...turn, status, error, parts: [...turn.parts, ...tools, ...text] };
}

export function onEvent(turn: Turn, event: TurnEvent, asked: Asked): Turn {
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
      return onPermission(turn, event, asked);
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
        ...closed(updateParts(turn, (part) => (part.kind === 'canvas' ? { ...part, outcome: outcomeOf(part.modification, event) } : part))),
        status: event.status === 'running' ? 'interrupted' : event.status,
        usage: event.usage ?? turn.usage,
        error: event.error ?? turn.error,
        introduced: event.introduced ?? [],
      };
  }
}

/** What came of a modification that the server applied without asking; the result has each once. */
function outcomeOf(modification: CanvasModification, { canvasModifications, canvasApplied }: TurnResult): string {
  const text = JSON.stringify(modification);
  const index = canvasModifications.findIndex((other) => JSON.stringify(other) === text);
  if (canvasApplied === undefined || index < 0) return '';
  const skipped = canvasApplied.skipped.find((other) => other.index === index);
  return skipped === undefined ? `Applied without asking${AS_SET}` : `Not applied: ${skipped.reason}`;
}

function onPermission(turn: Turn, event: Extract<TurnEvent, { type: 'permission' }>, asked: Asked): Turn {
  const { requestId, toolName, input, reason = '' } = event;
  const known = turn.parts.some((part) => part.kind === 'permission' && part.requestId === requestId);
  const decision: Decision = event.decision === 'asked' && asked.withdrawn.includes(requestId) ? 'withdrawn' : event.decision;
  if (known) {
    return updateParts(turn, (part) => (part.kind === 'permission' && part.requestId === requestId ? { ...part, decision, reason } : part));
  }
  const description = asked.descriptions[requestId] ?? '';
  return withPart(turn, { kind: 'permission', requestId, toolName, input, description, decision, reason });
}

/** The request has been answered; after `done` this says nothing new. */
export function ended(turn: Turn, error: TurnError | null, cancelled: boolean): Turn {
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
  const last = parts.at(-1);
  if (left !== '' && last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + left };
  else if (left !== '') parts.push({ kind: 'text', text: left });
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

export function updateParts(turn: Turn, update: (part: Part) => Part): Turn {
  return { ...turn, parts: turn.parts.map(update) };
}
