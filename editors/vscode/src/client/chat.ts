/** The conversations of one folder: which is shown, which turns run, and what the panel is told. */
import * as vscode from 'vscode';
import { LSPErrorCodes, ResponseError } from 'vscode-languageclient/node';
import type { LiveTurn, ToPanel } from '../shared/messages';
import type { Message, Mode, PermissionQuestion, SessionInfo, SpecUpdate, TurnError, TurnEvent } from '../shared/protocol';
import { ProblemsBefore, changesOf } from './changes';
import { Context } from './context';
import type { Folder } from './folder';
import { messageOf } from './log';
import type { Memory } from './memory';
import { Questions } from './questions';
import type { SpecDocuments } from './specDocuments';
import type { Titles } from './titles';

/** Messages fetched at a time; older ones come when the user scrolls up. */
const PAGE = 60;

/** For the status bar. */
export type Activity =
  | { kind: 'idle' }
  | { kind: 'running'; tool: string | null }
  | { kind: 'waiting'; tool: string }
  | { kind: 'error'; message: string };

interface Turn extends LiveTurn {
  turnId: string | null;
  tool: string | null;
  problems: ProblemsBefore;
}

export class Chat implements vscode.Disposable {
  readonly questions = new Questions();
  private readonly told = new vscode.EventEmitter<ToPanel>();
  private readonly changed = new vscode.EventEmitter<void>();
  /** Messages for every panel that shows this folder. */
  readonly onTell = this.told.event;
  /** The activity, the mode or the conversation changed. */
  readonly onDidChange = this.changed.event;
  private readonly turns = new Map<string, Turn>();
  private readonly subscriptions: vscode.Disposable[] = [];
  private session: SessionInfo | null = null;
  private shownKey: string | null = null;
  private newMode: Mode = 'user';
  private lastError: string | null = null;
  private restored: Promise<void> | null = null;

  constructor(
    readonly folder: Folder,
    readonly context: Context,
    private readonly memory: Memory,
    private readonly titles: Titles,
    private readonly specDocuments: SpecDocuments,
    private readonly revealPanel: () => Promise<boolean>,
  ) {
    folder.withClient((client) => {
      // The panel shows conflicts as cards and resolves them when its user chooses; until then they stay open.
      client.onRequest('atomizer/conflict', async () => {
        await this.tellConflicts();
        await this.revealPanel();
        return { take: null };
      });
      client.onRequest('atomizer/permission', (question: PermissionQuestion, token: vscode.CancellationToken) => this.ask(question, token));
      client.onNotification('atomizer/permissionWithdrawn', ({ requestId }: { requestId: string }) => {
        this.questions.withdraw(requestId);
        this.told.fire({ type: 'withdrawn', requestId });
      });
      client.onNotification('atomizer/sessionChanged', ({ session }: { session: SessionInfo }) => this.follow(session));
      client.onNotification('atomizer/specUpdated', (update: SpecUpdate) => {
        void this.specDocuments.afterUpdate(vscode.Uri.parse(update.uri));
      });
    });
    this.subscriptions.push(
      folder.onDidChange(() => {
        if (folder.state !== 'running') this.questions.withdrawAll();
        this.changed.fire();
      }),
      this.questions.onDidChange(() => this.changed.fire()),
    );
  }

  get mode(): Mode {
    return this.session?.mode ?? this.newMode;
  }

  get sessionId(): string | null {
    return this.session?.sessionId ?? null;
  }

  get activity(): Activity {
    const [question] = this.questions.waiting;
    if (question !== undefined) return { kind: 'waiting', tool: question.toolName };
    const running = [...this.turns.values()];
    const turn = running.find((candidate) => candidate.key === this.shownKey) ?? running[0];
    if (turn !== undefined) return { kind: 'running', tool: turn.tool };
    return this.lastError === null ? { kind: 'idle' } : { kind: 'error', message: this.lastError };
  }

  /** Everything a panel needs that has just opened. */
  async tellAll(tell: (message: ToPanel) => void): Promise<void> {
    this.restored ??= this.restore();
    await this.restored;
    await this.tellConversation(tell);
    for (const question of this.questions.waiting) {
      tell({ type: 'question', requestId: question.requestId, description: question.description ?? '' });
    }
  }

  /** Tells the panels something that is not part of a turn. */
  reply(message: ToPanel): void {
    this.told.fire(message);
  }

  async send(message: string): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      this.told.fire({ type: 'notice', message: 'Claude works only in a trusted workspace.' });
      return;
    }
    const key = crypto.randomUUID();
    const problems = new ProblemsBefore();
    const turn: Turn = { key, sessionId: this.sessionId, message, events: [], turnId: null, tool: null, problems };
    this.turns.set(key, turn);
    this.shownKey = key;
    this.lastError = null;
    this.told.fire({ type: 'sent', key, message });
    this.changed.fire();
    const context = this.context.params();
    if (context.textDocument !== undefined) await problems.remember(this.folder, context.textDocument.uri);
    const session = turn.sessionId === null ? { mode: this.newMode } : { sessionId: turn.sessionId };
    try {
      await this.folder.chat({ message, ...session, ...context }, (event) => this.onEvent(turn, event));
      this.end(turn, null, false);
    } catch (error) {
      const cancelled = error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
      this.end(turn, cancelled ? null : turnError(error), cancelled);
    }
  }

  async stop(): Promise<void> {
    const running = [...this.turns.values()].filter((turn) => turn.key === this.shownKey || turn.sessionId === this.sessionId);
    const sessionId = running.find((turn) => turn.sessionId !== null)?.sessionId;
    if (sessionId === undefined || sessionId === null) return;
    await this.reporting(() => this.folder.request('atomizer/cancel', { sessionId }));
  }

  newChat(): void {
    this.session = null;
    this.shownKey = null;
    this.lastError = null;
    this.context.reset();
    this.memory.update(this.memoryKey, undefined);
    this.told.fire({ type: 'conversation', session: null, title: '', messages: [], more: false, live: null });
    this.changed.fire();
  }

  async open(sessionId: string): Promise<void> {
    await this.reporting(async () => {
      this.session = await this.folder.request('atomizer/session/info', { sessionId });
      this.shownKey = [...this.turns.values()].find((turn) => turn.sessionId === sessionId)?.key ?? null;
      this.memory.update(this.memoryKey, sessionId);
      await this.tellConversation((message) => this.told.fire(message));
      this.changed.fire();
    });
  }

  async older(before: number): Promise<void> {
    const sessionId = this.sessionId;
    if (sessionId === null) return;
    await this.reporting(async () => {
      const messages = await this.folder.request('atomizer/session/history', { sessionId, limit: PAGE, before });
      this.told.fire({ type: 'older', sessionId, messages, more: messages.length === PAGE });
      await this.tellChanges(messages, (message) => this.told.fire(message));
    });
  }

  async sessions(): Promise<(SessionInfo & { shownTitle: string })[]> {
    const sessions = await this.folder.request('atomizer/session/list', {});
    return sessions
      .filter((session) => session.messageCount > 0)
      .map((session) => ({ ...session, shownTitle: this.titles.of(session) }));
  }

  async tellSessions(open: boolean): Promise<void> {
    await this.reporting(async () => {
      this.told.fire({ type: 'sessions', sessions: await this.sessions(), open });
    });
  }

  async rename(sessionId: string, title: string): Promise<void> {
    this.titles.set(sessionId, title);
    if (this.session?.sessionId === sessionId) this.follow(this.session);
    await this.tellSessions(false);
  }

  async delete(sessionId: string): Promise<void> {
    await this.reporting(async () => {
      await this.folder.request('atomizer/session/delete', { sessionId });
      this.titles.set(sessionId, '');
      if (this.sessionId === sessionId) this.newChat();
    });
    await this.tellSessions(false);
  }

  /** The whole of a conversation, oldest first. */
  async history(sessionId: string): Promise<Message[]> {
    const all: Message[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await this.folder.request('atomizer/session/history', {
        sessionId,
        limit: PAGE,
        ...(before === undefined ? {} : { before }),
      });
      all.unshift(...page);
      before = page[0]?.id;
      if (page.length < PAGE || before === undefined) return all;
    }
  }

  async setMode(mode: Mode): Promise<void> {
    this.newMode = mode;
    const sessionId = this.sessionId;
    if (sessionId !== null) {
      await this.reporting(async () => {
        this.session = await this.folder.request('atomizer/session/setMode', { sessionId, mode });
      });
    }
    this.changed.fire();
  }

  async setStudy(studyId: string | null): Promise<void> {
    this.context.chooseStudy(studyId);
    const sessionId = this.sessionId;
    if (sessionId === null) return;
    await this.reporting(() => this.folder.request('atomizer/session/setStudy', { sessionId, studyId }));
  }

  answer(requestId: string, behavior: 'allow' | 'deny', scope: 'once' | 'session'): void {
    const answer = behavior === 'allow' ? { behavior, scope } : { behavior, message: 'The user said no.' };
    if (!this.questions.answer(requestId, answer)) this.told.fire({ type: 'withdrawn', requestId });
  }

  async revert(turnId: string): Promise<void> {
    try {
      const { changes } = await this.folder.request('atomizer/turn/revert', { turnId });
      const failed = changes.filter(({ applied }) => applied === 'rejected' || applied === 'conflict');
      const message = failed.length === 0 ? 'Reverted.' : 'Not all of it could be reverted: the files were changed since.';
      for (const { uri } of changes) await this.specDocuments.afterUpdate(vscode.Uri.parse(uri));
      this.told.fire({ type: 'reverted', turnId, message, failed: failed.length > 0 });
      await this.tellConflicts();
    } catch (error) {
      this.told.fire({ type: 'reverted', turnId, message: messageOf(error), failed: true });
    }
  }

  async resolve(conflictId: string, take: 'mine' | 'theirs'): Promise<void> {
    await this.reporting(async () => {
      const { uri } = await this.folder.request('atomizer/conflict/resolve', { conflictId, take });
      await this.specDocuments.afterUpdate(vscode.Uri.parse(uri));
      await this.tellConflicts();
    });
  }

  /** Runs a task; what goes wrong is said in the panel. */
  async reporting(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.told.fire({ type: 'notice', message: messageOf(error) });
    }
  }

  /** Turns that changed a spec in the conversation shown, newest first: for the command that reverts one. */
  async changedTurns(): Promise<{ turnId: string; label: string }[]> {
    if (this.sessionId === null) return [];
    const messages = await this.folder.request('atomizer/session/history', { sessionId: this.sessionId, limit: PAGE });
    const turns: { turnId: string; label: string }[] = [];
    for (const { role, turnId } of messages.reverse()) {
      if (role !== 'assistant' || turnId === null) continue;
      const changes = await changesOf(this.folder, turnId, null);
      if (changes.length > 0) turns.push({ turnId, label: changes.flatMap((change) => change.words).join('; ') });
    }
    return turns;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.questions.withdrawAll();
    this.told.dispose();
    this.changed.dispose();
  }

  private get memoryKey(): string {
    return `session:${this.folder.key}`;
  }

  /** After a reload: the conversation that was shown, when the server still has it. */
  private async restore(): Promise<void> {
    const sessionId = this.memory.get(this.memoryKey);
    if (typeof sessionId !== 'string' || this.session !== null) return;
    await this.whenRunning();
    try {
      this.session = await this.folder.request('atomizer/session/info', { sessionId });
    } catch {
      this.memory.update(this.memoryKey, undefined);
    }
    this.changed.fire();
  }

  private async whenRunning(): Promise<void> {
    if (this.folder.state === 'running' || this.folder.state === 'failed') return;
    await new Promise<void>((resolve) => {
      const listening = this.folder.onDidChange(() => {
        if (this.folder.state !== 'running' && this.folder.state !== 'failed') return;
        listening.dispose();
        resolve();
      });
    });
  }

  private async tellConversation(tell: (message: ToPanel) => void): Promise<void> {
    const live = this.liveTurn();
    const session = this.session;
    if (session === null) {
      tell({ type: 'conversation', session: null, title: '', messages: [], more: false, live });
      return;
    }
    await this.reporting(async () => {
      const all = await this.folder.request('atomizer/session/history', { sessionId: session.sessionId, limit: PAGE });
      const messages = all.filter(({ turnId }) => live?.turnId === null || live === null || turnId !== live.turnId);
      const { key = '', sessionId = null, message = '', events = [] } = live ?? {};
      tell({
        type: 'conversation',
        session,
        title: this.titles.of(session),
        messages,
        more: all.length === PAGE,
        live: live === null ? null : { key, sessionId, message, events },
      });
      await this.tellChanges(messages, tell);
      await this.tellConflicts(tell);
    });
  }

  private liveTurn(): Turn | null {
    return (this.shownKey === null ? undefined : this.turns.get(this.shownKey)) ?? null;
  }

  /** The cards of spec changes of turns that are over. */
  private async tellChanges(messages: Message[], tell: (message: ToPanel) => void): Promise<void> {
    for (const { role, turnId } of messages) {
      if (role !== 'assistant' || turnId === null) continue;
      const changes = await changesOf(this.folder, turnId, null);
      if (changes.length > 0) tell({ type: 'changes', turnId, changes });
    }
  }

  private async tellConflicts(tell: (message: ToPanel) => void = (message) => this.told.fire(message)): Promise<void> {
    const sessionId = this.sessionId;
    if (sessionId === null) return;
    const conflicts = await this.folder.request('atomizer/conflict/list', { sessionId });
    tell({ type: 'conflicts', conflicts });
  }

  private onEvent(turn: Turn, event: TurnEvent): void {
    turn.events.push(event);
    if (event.type === 'started') {
      turn.sessionId = event.sessionId;
      turn.turnId = event.turnId;
      void this.adopt(turn, event.sessionId);
    } else if (event.type === 'toolCall') {
      turn.tool = event.name;
      this.changed.fire();
    } else if (event.type === 'toolResult') {
      turn.tool = null;
      this.changed.fire();
    }
    if (turn.key === this.shownKey) this.told.fire({ type: 'event', key: turn.key, event });
    if (event.type === 'specUpdated') void this.afterSpecUpdate(turn, event);
  }

  /** A turn of a new conversation has begun: the conversation has its id now. */
  private async adopt(turn: Turn, sessionId: string): Promise<void> {
    if (turn.key !== this.shownKey || this.sessionId === sessionId) return;
    this.memory.update(this.memoryKey, sessionId);
    await this.reporting(async () => {
      const session = await this.folder.request('atomizer/session/info', { sessionId });
      if (turn.key === this.shownKey) this.show(session);
    });
  }

  private async afterSpecUpdate(turn: Turn, update: SpecUpdate): Promise<void> {
    const { turnId } = turn;
    if (turnId === null) return;
    await this.reporting(async () => {
      const changes = await changesOf(this.folder, turnId, turn.problems);
      this.told.fire({ type: 'changes', turnId, changes });
      if (update.applied === 'conflict') await this.tellConflicts();
    });
  }

  private end(turn: Turn, error: TurnError | null, cancelled: boolean): void {
    this.turns.delete(turn.key);
    const failed = turn.events.find((event) => event.type === 'error');
    this.lastError = error?.message ?? failed?.error.message ?? null;
    if (turn.key === this.shownKey) this.told.fire({ type: 'ended', key: turn.key, error, cancelled });
    this.changed.fire();
  }

  private follow(session: SessionInfo): void {
    if (session.sessionId === this.sessionId) this.show(session);
  }

  private show(session: SessionInfo): void {
    this.session = session;
    this.told.fire({ type: 'session', session, title: this.titles.of(session) });
    this.changed.fire();
  }

  private async ask(question: PermissionQuestion, token: vscode.CancellationToken): Promise<unknown> {
    const answer = this.questions.ask(question, token);
    this.told.fire({ type: 'question', requestId: question.requestId, description: question.description ?? '' });
    if (!(await this.revealPanel())) void this.askInNotification(question);
    return await answer;
  }

  /** For a panel that is not in sight; the first answer counts, wherever it is given. */
  private async askInNotification(question: PermissionQuestion): Promise<void> {
    const text = `Claude asks to use ${question.toolName}${question.description === undefined ? '' : `: ${question.description}`}`;
    const choice = await vscode.window.showInformationMessage(text, 'Show', 'Allow', 'Deny');
    if (choice === 'Allow') this.answer(question.requestId, 'allow', 'once');
    else if (choice === 'Deny') this.answer(question.requestId, 'deny', 'once');
    else if (choice === 'Show') await vscode.commands.executeCommand('atomizer.openChat');
  }
}

function turnError(error: unknown): TurnError {
  const data: unknown = error instanceof ResponseError ? error.data : undefined;
  const kind = typeof data === 'object' && data !== null && 'kind' in data ? String(data.kind) : 'failed';
  return { kind, message: messageOf(error) };
}
