/**
 * Keeps what was seen of each turn, beside the extension's memory, so that a reloaded window shows it as it was. The
 * server's store stays the truth of what was said; this is what it does not hold: thoughts, questions, their order.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { TurnRecord } from '../shared/messages';
import type { StudyTarget, TurnEvent } from '../shared/protocol';

/** A turn with what it was about, which decides where its canvas modifications go. */
export interface KeptTurn extends TurnRecord {
  about: StudyTarget | null;
}

/** Ids of the contract, which are safe as names of files. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
/** A running turn is written at most this often; a crash of the window costs no more. */
const PAUSE_MS = 1000;
/** Of the input and result of a tool no more is kept. */
const MOST_CHARACTERS = 64 * 1024;
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_CONVERSATIONS = 200;

export class TurnStore {
  private readonly waiting = new Map<string, KeptTurn>();
  private timer: NodeJS.Timeout | null = null;
  private closed = false;

  /** `storage` is null for a window without a folder: nothing is kept then. */
  constructor(
    private readonly storage: string | null,
    private readonly log: (message: string) => void,
  ) {
    if (storage !== null) this.forgetOldest(path.join(storage, 'turns'));
  }

  /** Writes soon; `flush` writes at once. A turn that has no id yet is not kept. */
  save(turn: KeptTurn): void {
    if (this.closed) return;
    this.waiting.set(turn.key, turn);
    this.timer ??= setTimeout(() => this.flush(), PAUSE_MS);
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const turn of this.waiting.values()) this.write(turn);
    this.waiting.clear();
  }

  /** The window goes: what still comes of its turns is their being cut off, and not kept as their end. */
  close(): void {
    this.flush();
    this.closed = true;
  }

  /** The turn as it was last saved. */
  get(sessionId: string, turnId: string): KeptTurn | null {
    this.flush();
    const file = this.file(sessionId, turnId);
    if (file === null) return null;
    try {
      const turn = JSON.parse(readFileSync(file, 'utf8')) as KeptTurn;
      return turn.turnId === turnId ? turn : null;
    } catch {
      // Not kept, or damaged: the server's store has to do.
      return null;
    }
  }

  /** The user deleted the conversation. */
  forget(sessionId: string): void {
    for (const [key, turn] of this.waiting) if (turn.sessionId === sessionId) this.waiting.delete(key);
    if (this.storage !== null && ID.test(sessionId)) rmSync(path.join(this.storage, 'turns', sessionId), { recursive: true, force: true });
  }

  private write(turn: KeptTurn): void {
    const file = turn.sessionId === null || turn.turnId === null ? null : this.file(turn.sessionId, turn.turnId);
    if (file === null) return;
    const { key, turnId, sessionId, message, events, ended, canvasOutcomes, reverted, about } = turn;
    const kept: KeptTurn = { key, turnId, sessionId, message, events: events.map(shortened), ended, canvasOutcomes, reverted, about };
    const text = JSON.stringify(kept);
    if (text.length > MOST_BYTES) return;
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      const written = `${file}.${process.pid}`;
      writeFileSync(written, text, { mode: 0o600 });
      renameSync(written, file);
    } catch (error) {
      this.log(`A turn could not be kept: ${String(error)}`);
    }
  }

  private file(sessionId: string, turnId: string): string | null {
    if (this.storage === null || !ID.test(sessionId) || !ID.test(turnId)) return null;
    return path.join(this.storage, 'turns', sessionId, `${turnId}.json`);
  }

  private forgetOldest(folder: string): void {
    try {
      const age = (name: string): number => statSync(path.join(folder, name)).mtimeMs;
      const names = readdirSync(folder).sort((a, b) => age(b) - age(a));
      for (const name of names.slice(MOST_CONVERSATIONS)) rmSync(path.join(folder, name), { recursive: true, force: true });
    } catch {
      // Nothing has been kept yet.
    }
  }
}

/** Adds an event; neighbouring deltas become one, so that a long answer is one event. */
export function addEvent(events: TurnEvent[], event: TurnEvent): void {
  const last = events.at(-1);
  if ((event.type === 'text' || event.type === 'thinking') && last?.type === event.type) {
    events[events.length - 1] = { type: event.type, delta: last.delta + event.delta };
  } else {
    events.push(event);
  }
}

/** An event without what is not shown of it again. */
function shortened(event: TurnEvent): TurnEvent {
  if (event.type === 'specUpdated') {
    const { spec: _spec, ...rest } = event;
    return rest;
  }
  // The rest of a result was told by events before.
  if (event.type === 'done') return { ...event, text: '', toolCalls: [], specUpdates: [] };
  if (event.type === 'toolCall' || event.type === 'permission') return { ...event, input: short(event.input) };
  return event.type === 'toolResult' ? { ...event, summary: cut(event.summary) } : event;
}

function short(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, typeof value === 'string' ? cut(value) : (value as unknown)]));
}

function cut(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
