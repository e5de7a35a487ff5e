/** The turns that this window runs in one folder, and what is kept of each. */
import * as vscode from 'vscode';
import { LSPErrorCodes, ResponseError } from 'vscode-languageclient/node';
import type { TurnRecord } from '../shared/messages';
import type { CanvasModification, ChatParams, Message, StudyTarget, TurnError, TurnEvent } from '../shared/protocol';
import type { Folder } from './folder';
import { messageOf } from './log';
import { addEvent, type KeptTurn, type TurnStore } from './turnStore';

export interface RunningTurn extends KeptTurn {
  /** The tool in use. */
  tool: string | null;
  cancel: vscode.CancellationTokenSource;
}

/** Told of what happens in a turn. */
export interface TurnListener {
  onEvent(turn: RunningTurn, event: TurnEvent): void;
  onEnd(turn: RunningTurn): void;
}

export class Turns {
  private readonly running = new Map<string, RunningTurn>();

  constructor(
    private readonly folder: Folder,
    private readonly store: TurnStore,
    private readonly listener: TurnListener,
  ) {}

  get all(): RunningTurn[] {
    return [...this.running.values()];
  }

  get(key: string | null): RunningTurn | null {
    return (key === null ? undefined : this.running.get(key)) ?? null;
  }

  /** Begins a turn; `run` sends its message. */
  begin(params: ChatParams): RunningTurn {
    const turn: RunningTurn = {
      key: crypto.randomUUID(),
      turnId: null,
      sessionId: params.sessionId ?? null,
      message: params.message,
      events: [],
      ended: null,
      canvasOutcomes: {},
      reverted: null,
      about: targetOf(params),
      tool: null,
      cancel: new vscode.CancellationTokenSource(),
    };
    this.running.set(turn.key, turn);
    return turn;
  }

  /** Until the turn is over, however it ends. */
  async run(turn: RunningTurn, params: ChatParams): Promise<void> {
    try {
      await this.folder.chat(params, (event) => this.onEvent(turn, event), turn.cancel.token);
      this.end(turn, null, false);
    } catch (error) {
      const cancelled = error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
      this.end(turn, cancelled ? null : this.errorOf(error), cancelled);
    }
  }

  /** Before the server has said that a turn started only its request can be cancelled. */
  async stop(turn: RunningTurn): Promise<void> {
    if (turn.turnId === null || turn.sessionId === null) turn.cancel.cancel();
    else await this.folder.request('atomizer/cancel', { sessionId: turn.sessionId });
  }

  /** What was kept of the turns of these messages, but for those that still run here. */
  recordsOf(sessionId: string, messages: Message[]): TurnRecord[] {
    const ids = new Set(messages.flatMap(({ turnId }) => (turnId === null ? [] : [turnId])));
    return [...ids].flatMap((turnId) => this.store.get(sessionId, turnId) ?? []);
  }

  /** Where a canvas modification of a turn belongs, and what it is. */
  offer(sessionId: string, turnId: string, index: number): { modification: CanvasModification; about: StudyTarget | null } | null {
    const turn = this.kept(sessionId, turnId);
    const offers = (turn?.events ?? []).flatMap((event) => (event.type === 'canvasModification' ? [event.modification] : []));
    const modification = offers[index];
    return turn === null || modification === undefined ? null : { modification, about: turn.about };
  }

  /** Notes something about a turn that is to be there again after a reload. */
  note(sessionId: string, turnId: string, change: (turn: KeptTurn) => void): void {
    const turn = this.kept(sessionId, turnId);
    if (turn === null) return;
    change(turn);
    this.store.save(turn);
  }

  forget(sessionId: string): void {
    this.store.forget(sessionId);
  }

  private kept(sessionId: string, turnId: string): KeptTurn | null {
    return this.all.find((turn) => turn.turnId === turnId) ?? this.store.get(sessionId, turnId);
  }

  private onEvent(turn: RunningTurn, event: TurnEvent): void {
    addEvent(turn.events, event);
    if (event.type === 'started') {
      turn.sessionId = event.sessionId;
      turn.turnId = event.turnId;
    } else if (event.type === 'toolCall') turn.tool = event.name;
    else if (event.type === 'toolResult') turn.tool = null;
    this.store.save(turn);
    this.listener.onEvent(turn, event);
  }

  private end(turn: RunningTurn, error: TurnError | null, cancelled: boolean): void {
    turn.ended = { error, cancelled };
    turn.cancel.dispose();
    this.running.delete(turn.key);
    this.store.save(turn);
    this.listener.onEnd(turn);
  }

  private errorOf(error: unknown): TurnError {
    if (this.folder.state !== 'running') return { kind: 'serverEnded', message: 'The server ended while Claude was at work.' };
    return { kind: kindOf(error) ?? 'failed', message: messageOf(error) };
  }
}

/** The contract's name of an error; null for errors that are none of its. */
export function kindOf(error: unknown): string | null {
  const data: unknown = error instanceof ResponseError ? error.data : undefined;
  return typeof data === 'object' && data !== null && 'kind' in data ? String(data.kind) : null;
}

function targetOf({ studyId, textDocument }: ChatParams): StudyTarget | null {
  if (studyId !== undefined) return { studyId };
  return textDocument === undefined ? null : { textDocument };
}
