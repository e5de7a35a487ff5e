/** One chat for each folder; the active one is what panels show. */
import * as vscode from 'vscode';
import type { ToPanel } from '../shared/messages';
import type { PermissionQuestion } from '../shared/protocol';
import { Chat, type ChatParts } from './chat';
import { Context } from './context';
import type { Folder } from './folder';
import type { Folders } from './folders';

export class Chats implements vscode.Disposable {
  readonly context: Context;
  private readonly chats = new Map<Folder, Chat>();
  private readonly told = new vscode.EventEmitter<ToPanel>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly switched = new vscode.EventEmitter<void>();
  /** What the active chat says. */
  readonly onTell = this.told.event;
  readonly onDidChange = this.changed.event;
  /** Another folder's chat is shown from now on. */
  readonly onDidSwitch = this.switched.event;
  private shown: Chat | null = null;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    readonly folders: Folders,
    parts: Pick<ChatParts, 'memory' | 'titles' | 'turnStore' | 'turnTexts' | 'specDocuments' | 'revealPanel'>,
    openPanel: () => Promise<void>,
  ) {
    this.context = new Context(folders);
    const all: ChatParts = {
      ...parts,
      context: this.context,
      isShown: (chat) => chat === this.active(),
      bringToFront: async (chat) => {
        folders.choose(chat.folder);
        await openPanel();
      },
    };
    this.subscriptions = [
      folders.onDidAdd((folder) => {
        const chat = new Chat(folder, all);
        this.chats.set(folder, chat);
        chat.onTell((message) => {
          if (chat === this.active()) this.told.fire(message);
        });
        chat.onDidChange(() => this.changed.fire());
      }),
      folders.onDidChange(() => this.check()),
      this.context.onDidChange(() => this.changed.fire()),
    ];
  }

  active(): Chat | null {
    const folder = this.folders.active();
    return (folder === null ? undefined : this.chats.get(folder)) ?? null;
  }

  of(uri: vscode.Uri): Chat | null {
    const folder = this.folders.ofUri(uri);
    return (folder === null ? undefined : this.chats.get(folder)) ?? null;
  }

  /** Claude's questions in any folder that wait for an answer, oldest first. */
  questions(): { chat: Chat; question: PermissionQuestion }[] {
    return [...this.chats.values()].flatMap((chat) => chat.questions.waiting.map((question) => ({ chat, question })));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    for (const chat of this.chats.values()) chat.dispose();
    this.context.dispose();
  }

  private check(): void {
    for (const [folder, chat] of this.chats) {
      if (this.folders.all().includes(folder)) continue;
      chat.dispose();
      this.chats.delete(folder);
    }
    const active = this.active();
    if (active !== this.shown) {
      this.shown = active;
      this.switched.fire();
    }
    this.changed.fire();
  }
}
