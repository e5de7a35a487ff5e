/** The conversations of one folder: which is shown, which turns run, and what the panel is told. */
import * as vscode from 'vscode';
import type { ToPanel, TurnRecord } from '../shared/messages';
import type { Message, Mode, PermissionQuestion, SessionInfo, SpecUpdate, StudyTarget, TurnEvent } from '../shared/protocol';
import { changesOf, type TurnTexts } from './changes';
import type { Context } from './context';
import type { Folder } from './folder';
import { messageOf } from './log';
import type { Memory } from './memory';
import { Questions } from './questions';
import type { SpecDocuments } from './specDocuments';
import { pickStudy } from './studies';
import type { Titles } from './titles';
import { kindOf, Turns, type RunningTurn, type TurnListener } from './turns';
import type { TurnStore } from './turnStore';

/** Messages fetched at a time; older ones come when the user scrolls up. */
const PAGE = 60;

/** For the status bar. */
export type Activity =
  | { kind: 'idle' }
  | { kind: 'running'; tool: string | null }
  | { kind: 'waiting'; tool: string }
  | { kind: 'error'; message: string };

/** What all chats share. */
export interface ChatParts {
  context: Context;
  memory: Memory;
  titles: Titles;
  turnStore: TurnStore;
  turnTexts: TurnTexts;
  specDocuments: SpecDocuments;
  /** Brings a panel into sight without the focus; false when none is open. */
  revealPanel: () => Promise<boolean>;
  /** Whether panels show this chat. */
  isShown: (chat: Chat) => boolean;
  /** Has panels show this chat from now on, and one of them in front. */
  bringToFront: (chat: Chat) => Promise<void>;
}

export class Chat implements vscode.Disposable, TurnListener {
  readonly questions = new Questions();
  private readonly told = new vscode.EventEmitter<ToPanel>();
  private readonly changed = new vscode.EventEmitter<void>();
  /** Messages for every panel that shows this folder. */
  readonly onTell = this.told.event;
  /** The activity, the mode or the conversation changed. */
  readonly onDidChange = this.changed.event;
  private readonly turns: Turns;
  private readonly subscriptions: vscode.Disposable[] = [];
  private session: SessionInfo | null = null;
  private shownKey: string | null = null;
  private newMode: Mode = 'user';
  private lastError: string | null = null;
  private restored: Promise<void> | null = null;
  /** A turn that the server began itself, such as one that mends errors, runs in the conversation shown. */
  private othersTurn = false;

  constructor(
    readonly folder: Folder,
    private readonly parts: ChatParts,
  ) {
    this.turns = new Turns(folder, parts.turnStore, this);
    folder.withClient((client) => {
      // The panel shows conflicts as cards and resolves them when its user chooses; until then they stay open.
      client.onRequest('atomizer/conflict', async () => {
        await this.tellConflicts();
        await this.parts.revealPanel();
        return { take: null };
      });
      client.onRequest('atomizer/permission', (question: PermissionQuestion, token: vscode.CancellationToken) => this.ask(question, token));
      client.onNotification('atomizer/permissionWithdrawn', ({ requestId }: { requestId: string }) => {
        this.questions.withdraw(requestId);
        this.told.fire({ type: 'withdrawn', requestId });
      });
      client.onNotification('atomizer/sessionChanged', ({ session }: { session: SessionInfo }) => this.follow(session));
      client.onNotification('atomizer/specUpdated', (update: SpecUpdate) => {
        void this.parts.specDocuments.afterUpdate(vscode.Uri.parse(update.uri));
      });
    });
    this.subscriptions.push(
      folder.onDidChange(() => {
        if (folder.state !== 'running') this.questions.withdrawAll();
        this.changed.fire();
      }),
      folder.onDidStart(() => void this.afterStart()),
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
    const running = this.turns.all;
    const turn = running.find((candidate) => candidate.key === this.shownKey) ?? running[0];
    if (turn !== undefined) return { kind: 'running', tool: turn.tool };
    return this.lastError === null ? { kind: 'idle' } : { kind: 'error', message: this.lastError };
  }

  /** Everything a panel needs that has just opened. */
  async tellAll(tell: (message: ToPanel) => void): Promise<void> {
    this.restored ??= this.restore();
    await this.restored;
    await this.tellConversation(tell);
  }

  async send(message: string): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      this.told.fire({ type: 'notice', message: 'Claude works only in a trusted workspace.' });
      return;
    }
    const sessionId = this.sessionId;
    const session = sessionId === null ? { mode: this.newMode } : { sessionId };
    const params = { message, ...session, ...this.parts.context.params(this.folder) };
    const turn = this.turns.begin(params);
    this.shownKey = turn.key;
    this.lastError = null;
    this.told.fire({ type: 'sent', key: turn.key, message });
    this.changed.fire();
    await this.turns.run(turn, params);
  }

  async stop(): Promise<void> {
    const sessionId = this.sessionId;
    const running = this.turns.all.filter((turn) => turn.key === this.shownKey || (sessionId !== null && turn.sessionId === sessionId));
    await this.reporting(async () => {
      if (running.length === 0 && sessionId !== null && this.othersTurn) await this.folder.request('atomizer/cancel', { sessionId });
      for (const turn of running) await this.turns.stop(turn);
    });
  }

  newChat(): void {
    this.session = null;
    this.shownKey = null;
    this.lastError = null;
    this.parts.context.reset();
    this.parts.memory.update(this.memoryKey, undefined);
    this.told.fire({ type: 'conversation', session: null, title: '', messages: [], records: [], more: false, live: null });
    this.changed.fire();
  }

  async open(sessionId: string): Promise<void> {
    await this.reporting(async () => {
      this.session = await this.folder.request('atomizer/session/info', { sessionId });
      this.shownKey = this.turns.all.find((turn) => turn.sessionId === sessionId)?.key ?? null;
      this.othersTurn = false;
      this.parts.memory.update(this.memoryKey, sessionId);
      await this.tellConversation((message) => this.told.fire(message));
      this.changed.fire();
    });
  }

  async older(before: number): Promise<void> {
    const sessionId = this.sessionId;
    if (sessionId === null) return;
    await this.reporting(async () => {
      const messages = await this.folder.request('atomizer/session/history', { sessionId, limit: PAGE, before });
      const records = this.turns.recordsOf(sessionId, messages);
      this.told.fire({ type: 'older', sessionId, messages, records, more: messages.length === PAGE });
      await this.tellChanges(messages, (message) => this.told.fire(message));
    });
  }

  async sessions(): Promise<(SessionInfo & { shownTitle: string })[]> {
    const sessions = await this.folder.request('atomizer/session/list', {});
    return sessions
      .filter((session) => session.messageCount > 0)
      .map((session) => ({ ...session, shownTitle: this.parts.titles.of(session) }));
  }

  async tellSessions(open: boolean): Promise<void> {
    await this.reporting(async () => {
      this.told.fire({ type: 'sessions', sessions: await this.sessions(), open });
    });
  }

  async rename(sessionId: string, title: string): Promise<void> {
    this.parts.titles.set(sessionId, title);
    if (this.session?.sessionId === sessionId) this.follow(this.session);
    await this.tellSessions(false);
  }

  async delete(sessionId: string): Promise<void> {
    await this.reporting(async () => {
      await this.folder.request('atomizer/session/delete', { sessionId });
      this.parts.titles.set(sessionId, '');
      this.turns.forget(sessionId);
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
    this.parts.context.chooseStudy(this.folder, studyId);
    const sessionId = this.sessionId;
    if (sessionId === null) return;
    await this.reporting(() => this.folder.request('atomizer/session/setStudy', { sessionId, studyId }));
  }

  answer(requestId: string, behavior: 'allow' | 'deny', scope: 'once' | 'session'): void {
    const answer = behavior === 'allow' ? { behavior, scope } : { behavior, message: 'The user said no.' };
    if (!this.questions.answer(requestId, answer)) this.told.fire({ type: 'withdrawn', requestId });
  }

  async revert(turnId: string): Promise<void> {
    const outcome = await this.reverted(turnId);
    const { sessionId } = this;
    if (sessionId !== null) {
      this.turns.note(sessionId, turnId, (turn) => {
        turn.reverted = outcome;
      });
    }
    this.told.fire({ type: 'reverted', turnId, ...outcome });
    await this.reporting(() => this.tellConflicts());
  }

  /** Applies what Claude offered for the canvas to the study that its turn was about, whichever is in front now. */
  async applyCanvas(turnId: string, index: number): Promise<void> {
    const { sessionId } = this;
    const offer = sessionId === null ? null : this.turns.offer(sessionId, turnId, index);
    if (sessionId === null || offer === null) throw new Error('Nothing is stored of this offer.');
    const target = offer.about ?? (await this.studyOfSession());
    if (target === null) return;
    const { applied, skipped } = await this.folder.request('atomizer/canvas/apply', { ...target, modifications: [offer.modification] });
    const message = applied > 0 ? 'Applied.' : (skipped[0]?.reason ?? 'Nothing to change.');
    this.turns.note(sessionId, turnId, (turn) => {
      turn.canvasOutcomes[index] = message;
    });
    this.told.fire({ type: 'canvasApplied', turnId, index, message });
  }

  async resolve(conflictId: string, take: 'mine' | 'theirs'): Promise<void> {
    await this.reporting(async () => {
      const { uri } = await this.folder.request('atomizer/conflict/resolve', { conflictId, take });
      await this.parts.specDocuments.afterUpdate(vscode.Uri.parse(uri));
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
      const changes = await changesOf(this.folder, turnId);
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
    const sessionId = this.parts.memory.get(this.memoryKey);
    if (typeof sessionId !== 'string' || this.session !== null) return;
    await this.whenRunning();
    try {
      this.session = await this.folder.request('atomizer/session/info', { sessionId });
    } catch (error) {
      // Anything else may be over when the next server starts.
      if (kindOf(error) === 'sessionNotFound') this.parts.memory.update(this.memoryKey, undefined);
      else this.restored = null;
    }
    this.changed.fire();
  }

  /** A new server: what it has of the conversation is shown, also when the last one could not restore it. */
  private async afterStart(): Promise<void> {
    const begun = this.shownKey !== null || this.restored !== null;
    if (this.session === null && begun) return;
    await this.tellAll((message) => this.told.fire(message));
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
    const live = this.turns.get(this.shownKey);
    const session = this.session;
    if (session === null) {
      tell({ type: 'conversation', session: null, title: '', messages: [], records: [], more: false, live: live === null ? null : plain(live) });
    } else {
      await this.reporting(async () => {
        const { sessionId } = session;
        const all = await this.folder.request('atomizer/session/history', { sessionId, limit: PAGE });
        const running = live?.turnId ?? null;
        const messages = all.filter(({ turnId }) => turnId === null || turnId !== running);
        tell({
          type: 'conversation',
          session,
          title: this.parts.titles.of(session),
          messages,
          records: this.turns.recordsOf(sessionId, messages),
          more: all.length === PAGE,
          live: live === null ? null : plain(live),
        });
        await this.tellChanges(messages, tell);
        if (running !== null) await this.tellChangesOf(running, tell);
        await this.tellConflicts(tell);
      });
    }
    for (const question of this.questions.waiting) {
      if (this.shows(question)) tell({ type: 'question', question });
    }
  }

  /** Whether a question belongs to the conversation that this chat shows. */
  private shows({ sessionId }: PermissionQuestion): boolean {
    return sessionId === this.sessionId || sessionId === this.turns.get(this.shownKey)?.sessionId;
  }

  /** The cards of spec changes of turns that are over. */
  private async tellChanges(messages: Message[], tell: (message: ToPanel) => void): Promise<void> {
    for (const { role, turnId } of messages) {
      if (role === 'assistant' && turnId !== null) await this.tellChangesOf(turnId, tell);
    }
  }

  private async tellChangesOf(turnId: string, tell: (message: ToPanel) => void): Promise<void> {
    const changes = await changesOf(this.folder, turnId);
    if (changes.length > 0) tell({ type: 'changes', turnId, changes });
  }

  private async tellConflicts(tell: (message: ToPanel) => void = (message) => this.told.fire(message)): Promise<void> {
    const sessionId = this.sessionId;
    if (sessionId === null) return;
    const conflicts = await this.folder.request('atomizer/conflict/list', { sessionId });
    tell({ type: 'conflicts', conflicts });
  }

  onEvent(turn: RunningTurn, event: TurnEvent): void {
    if (event.type === 'started') void this.adopt(turn, event.sessionId);
    if (event.type === 'toolCall' || event.type === 'toolResult') this.changed.fire();
    if (turn.key === this.shownKey) this.told.fire({ type: 'event', key: turn.key, event });
    if (event.type === 'specUpdated') void this.afterSpecUpdate(turn, event);
  }

  onEnd(turn: RunningTurn): void {
    const failed = turn.events.find((event) => event.type === 'error');
    this.lastError = turn.ended?.error?.message ?? failed?.error.message ?? null;
    if (turn.key === this.shownKey && turn.ended !== null) this.told.fire({ type: 'ended', key: turn.key, ...turn.ended });
    this.changed.fire();
  }

  /** A turn of a new conversation has begun: the conversation has its id now. */
  private async adopt(turn: RunningTurn, sessionId: string): Promise<void> {
    if (turn.key !== this.shownKey || this.sessionId === sessionId) return;
    this.parts.memory.update(this.memoryKey, sessionId);
    await this.reporting(async () => {
      const session = await this.folder.request('atomizer/session/info', { sessionId });
      if (turn.key === this.shownKey) this.show(session);
    });
  }

  private async afterSpecUpdate({ turnId }: RunningTurn, update: SpecUpdate): Promise<void> {
    if (turnId === null) return;
    this.parts.turnTexts.changed(turnId);
    await this.reporting(async () => {
      this.told.fire({ type: 'changes', turnId, changes: await changesOf(this.folder, turnId) });
      if (update.applied === 'conflict') await this.tellConflicts();
    });
  }

  private follow(session: SessionInfo): void {
    if (session.sessionId !== this.sessionId) return;
    this.show(session);
    // Turns of this window tell themselves; one that the server began is read when it is over.
    const own = this.turns.all.some(({ sessionId }) => sessionId === session.sessionId);
    const over = this.othersTurn && !session.busy && !own;
    this.othersTurn = session.busy && !own;
    if (over) void this.tellConversation((message) => this.told.fire(message));
  }

  private show(session: SessionInfo): void {
    this.session = session;
    this.told.fire({ type: 'session', session, title: this.parts.titles.of(session) });
    this.changed.fire();
  }

  private async ask(question: PermissionQuestion, token: vscode.CancellationToken): Promise<unknown> {
    const answer = this.questions.ask(question, token);
    const shown = this.shows(question);
    if (shown) this.told.fire({ type: 'question', question });
    const inSight = shown && this.parts.isShown(this) && (await this.parts.revealPanel());
    if (!inSight) void this.askInNotification(question);
    return await answer;
  }

  /** For a question that no panel shows; the first answer counts, wherever it is given. */
  private async askInNotification(question: PermissionQuestion): Promise<void> {
    const choice = await vscode.window.showInformationMessage(`Claude asks to use ${questionInWords(question)}`, 'Show', 'Allow', 'Deny');
    if (choice === 'Allow') this.answer(question.requestId, 'allow', 'once');
    else if (choice === 'Deny') this.answer(question.requestId, 'deny', 'once');
    else if (choice === 'Show') await this.showQuestion(question);
  }

  /** Opens the conversation in which Claude asks. */
  async showQuestion(question: PermissionQuestion): Promise<void> {
    if (!this.shows(question)) await this.open(question.sessionId);
    await this.parts.bringToFront(this);
  }

  private async reverted(turnId: string): Promise<{ message: string; failed: boolean }> {
    try {
      const { changes } = await this.folder.request('atomizer/turn/revert', { turnId });
      const failed = changes.some(({ applied }) => applied === 'rejected' || applied === 'conflict');
      for (const { uri } of changes) await this.parts.specDocuments.afterUpdate(vscode.Uri.parse(uri));
      return { message: failed ? 'Not all of it could be reverted: the files were changed since.' : 'Reverted.', failed };
    } catch (error) {
      return { message: messageOf(error), failed: true };
    }
  }

  /** For a turn of which it is not known what it was about; null when the user would not say. */
  private async studyOfSession(): Promise<StudyTarget | null> {
    const studyId = this.session?.studyId ?? (await pickStudy(this.folder, 'The study that this is meant for'))?.studyId;
    return studyId === undefined ? null : { studyId };
  }
}

/** Which tool, and for what. */
export function questionInWords({ toolName, description }: PermissionQuestion): string {
  return description === undefined || description === '' ? toolName : `${toolName}: ${description}`;
}

/** A running turn without what cannot be sent to a panel. */
function plain({ key, turnId, sessionId, message, events, ended, canvasOutcomes, reverted }: RunningTurn): TurnRecord {
  return { key, turnId, sessionId, message, events, ended, canvasOutcomes, reverted };
}
