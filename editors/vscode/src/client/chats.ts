/** One chat for each folder; the active one is what panels show. */
import * as vscode from 'vscode';
import type { ToPanel } from '../shared/messages';
import { Chat } from './chat';
import { Context } from './context';
import type { Folder } from './folder';
import type { Folders } from './folders';
import type { SpecDocuments } from './specDocuments';
import type { Memory } from './memory';
import { Titles } from './titles';

export class Chats implements vscode.Disposable {
  readonly context = new Context();
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
    memory: Memory,
    specDocuments: SpecDocuments,
    revealPanel: () => Promise<boolean>,
  ) {
    const titles = new Titles(memory);
    this.subscriptions = [
      folders.onDidAdd((folder) => {
        const chat = new Chat(folder, this.context, memory, titles, specDocuments, revealPanel);
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

  tell(message: ToPanel): void {
    this.told.fire(message);
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
