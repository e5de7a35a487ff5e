/** The chat panel's outside: the view `atomizer.chat`, the same in an editor tab, and what they say. */
import * as vscode from 'vscode';
import { PANEL_COMMANDS, type FromPanel, type Offer, type PanelCommand, type Surroundings, type ToPanel } from '../shared/messages';
import type { Chats } from './chats';
import { completions, SLASH_COMMANDS } from './completions';
import { conversationAsMarkdown } from '../shared/conversationText';
import type { TurnTexts } from './changes';
import type { Chat } from './chat';
import { messageOf } from './log';
import { page, webviewOptions } from './webview';

export const VIEW = 'atomizer.chat';
export const TAB = 'atomizer.chatTab';
const SAFE_LINK = /^(https?|mailto):/i;

export class PanelHost implements vscode.WebviewViewProvider, vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly webviews = new Set<vscode.Webview>();
  private readonly ready = new Set<vscode.Webview>();
  private readonly subscriptions: vscode.Disposable[] = [];
  private view: vscode.WebviewView | null = null;
  private tab: vscode.WebviewPanel | null = null;
  /** Text for the input that came before a panel was there to take it. */
  private waitingInput: string | null = null;
  private chats: Chats | null = null;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly turnTexts: TurnTexts,
    private readonly log: (message: string) => void,
  ) {}

  attach(chats: Chats): void {
    this.chats = chats;
    this.subscriptions.push(
      vscode.window.registerWebviewViewProvider(VIEW, this),
      vscode.window.registerWebviewPanelSerializer(TAB, this),
      chats.onTell((message) => this.tellAll(message)),
      chats.onDidChange(() => this.tellSurroundings()),
      chats.onDidSwitch(() => {
        for (const webview of this.ready) void this.tellEverything(webview);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.tellSurroundings()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('atomizer')) this.tellSurroundings();
      }),
    );
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.onDidDispose(() => {
      this.view = null;
    });
    this.connect(view.webview, view.onDidDispose);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface wants a promise
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adoptTab(panel);
  }

  openTab(): void {
    if (this.tab !== null) {
      this.tab.reveal();
      return;
    }
    this.adoptTab(vscode.window.createWebviewPanel(TAB, 'Chat', vscode.ViewColumn.Active, webviewOptions(this.extension)));
  }

  async openView(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
  }

  /** Brings a panel to the front without taking the focus; false when none is open. */
  readonly reveal = (): Promise<boolean> => {
    if (this.tab?.visible === true || this.view?.visible === true) return Promise.resolve(true);
    if (this.view === null) return Promise.resolve(false);
    this.view.show(true);
    return Promise.resolve(true);
  };

  /** Puts text into the input, for the user to send. */
  async fillInput(text: string): Promise<void> {
    this.waitingInput = text;
    if (this.tab?.visible !== true) await this.openView();
    if (this.ready.size > 0) this.giveInput();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.tab?.dispose();
  }

  private adoptTab(panel: vscode.WebviewPanel): void {
    this.tab = panel;
    panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'atomizer.svg');
    panel.onDidDispose(() => {
      this.tab = null;
    });
    this.connect(panel.webview, panel.onDidDispose);
  }

  private connect(webview: vscode.Webview, onDidDispose: vscode.Event<void>): void {
    this.webviews.add(webview);
    const shown = performance.now();
    webview.options = webviewOptions(this.extension);
    const listening = webview.onDidReceiveMessage((message: FromPanel) => {
      if (message.type === 'ready') {
        this.log(`Panel usable ${Math.round(message.pageMs)} ms after its page began, ${Math.round(performance.now() - shown)} ms after VS Code asked for it`);
      }
      void this.receive(webview, message);
    });
    onDidDispose(() => {
      listening.dispose();
      this.webviews.delete(webview);
      this.ready.delete(webview);
    });
    webview.html = page(webview, this.extension, 'panel', 'Chat with Claude');
  }

  private async receive(webview: vscode.Webview, message: FromPanel): Promise<void> {
    try {
      if (message.type === 'ready') {
        await this.tellEverything(webview);
        this.ready.add(webview);
        this.giveInput();
        return;
      }
      const chat = this.chats?.active() ?? null;
      if (chat === null) await this.withoutChat(message);
      else await this.handle(webview, chat, message);
    } catch (error) {
      void webview.postMessage({ type: 'notice', message: messageOf(error) } satisfies ToPanel);
    }
  }

  private async withoutChat(message: FromPanel): Promise<void> {
    if (message.type === 'command') await runCommand(message.command);
    else if (message.type === 'send') throw new Error('Open a folder that holds studies/ first.');
  }

  private async handle(webview: vscode.Webview, chat: Chat, message: FromPanel): Promise<void> {
    switch (message.type) {
      case 'send':
        return await this.send(chat, message.text);
      case 'stop':
        return await chat.stop();
      case 'newChat':
        return chat.newChat();
      case 'listSessions':
        return await chat.tellSessions(true);
      case 'openSession':
        return await chat.open(message.sessionId);
      case 'renameSession':
        return await chat.rename(message.sessionId, message.title);
      case 'deleteSession':
        return await this.deleteSession(chat, message.sessionId);
      case 'exportSession':
        return await exportConversation(chat, message.sessionId);
      case 'older':
        return await chat.older(message.before);
      case 'setMode':
        return await chat.setMode(message.mode);
      case 'setModel':
        return await setModel(chat, message.model);
      case 'removeChip':
        return this.chats?.context.remove(chat.folder, message.id);
      case 'permission':
        return chat.answer(message.requestId, message.behavior, message.scope);
      case 'showDiff':
        return await this.turnTexts.show(message.turnId, message.uri);
      case 'revert':
        return await chat.revert(message.turnId);
      case 'resolve':
        return await chat.resolve(message.conflictId, message.take);
      case 'applyCanvas':
        return await chat.applyCanvas(message.turnId, message.index);
      case 'complete': {
        const items = await completions(chat.folder, this.chats?.context.spec(chat.folder) ?? null, message.trigger, message.query);
        void webview.postMessage({ type: 'completions', id: message.id, items } satisfies ToPanel);
        return;
      }
      case 'command':
        return await runCommand(message.command);
      case 'openLink':
        if (SAFE_LINK.test(message.href)) await vscode.env.openExternal(vscode.Uri.parse(message.href));
        return;
      case 'openFile':
        await vscode.commands.executeCommand('vscode.open', fileOf(chat, message.path));
        return;
      case 'selectFolder':
        return await this.selectFolder();
      case 'ready':
        return;
    }
  }

  private async send(chat: Chat, text: string): Promise<void> {
    const slash = SLASH_COMMANDS.find(({ name }) => text.trim() === `/${name}`);
    if (slash !== undefined) await vscode.commands.executeCommand(slash.command);
    else await chat.send(text);
  }

  private async deleteSession(chat: Chat, sessionId: string): Promise<void> {
    const detail = 'What was said is removed from the store. Files are left as they are.';
    const choice = await vscode.window.showWarningMessage('Delete this conversation?', { modal: true, detail }, 'Delete');
    if (choice === 'Delete') await chat.delete(sessionId);
  }

  private async selectFolder(): Promise<void> {
    const folders = this.chats?.folders.all() ?? [];
    const picked = await vscode.window.showQuickPick(
      folders.map((folder) => ({ label: folder.name, description: folder.folder.uri.fsPath, folder })),
      { placeHolder: 'The folder whose conversations are shown' },
    );
    if (picked !== undefined) this.chats?.folders.choose(picked.folder);
  }

  private giveInput(): void {
    if (this.waitingInput === null) return;
    this.tellAll({ type: 'input', text: this.waitingInput, focus: true });
    this.waitingInput = null;
  }

  private async tellEverything(webview: vscode.Webview): Promise<void> {
    const tell = (message: ToPanel): void => void webview.postMessage(message);
    tell({ type: 'surroundings', surroundings: this.surroundings() });
    const chat = this.chats?.active() ?? null;
    if (chat === null) tell({ type: 'conversation', session: null, title: '', messages: [], records: [], more: false, live: null });
    else await chat.tellAll(tell);
  }

  private tellSurroundings(): void {
    this.tellAll({ type: 'surroundings', surroundings: this.surroundings() });
  }

  private tellAll(message: ToPanel): void {
    for (const webview of this.webviews) void webview.postMessage(message);
  }

  private surroundings(): Surroundings {
    const chat = this.chats?.active() ?? null;
    const folder = chat?.folder ?? null;
    const settings = vscode.workspace.getConfiguration('atomizer', folder?.folder.uri ?? null);
    return {
      folder: folder?.name ?? null,
      folders: (this.chats?.folders.all() ?? []).map(({ name }) => name),
      trusted: vscode.workspace.isTrusted,
      server: folder?.state ?? 'stopped',
      serverMessage: folder?.message ?? '',
      mode: chat?.mode ?? 'user',
      model: settings.get('claude.model', ''),
      chips: folder === null ? [] : (this.chats?.context.chips(folder) ?? []),
      fixIntroduced: settings.get<Offer>('chat.fixIntroducedErrors', 'ask'),
      applyCanvas: settings.get<Offer>('canvas.applyModifications', 'ask'),
    };
  }
}

export async function exportConversation(chat: Chat, sessionId: string): Promise<void> {
  const session = (await chat.sessions()).find((candidate) => candidate.sessionId === sessionId);
  if (session === undefined) throw new Error('There is no such conversation.');
  const content = conversationAsMarkdown(session, session.shownTitle, await chat.history(sessionId));
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document);
}

/** Changes the setting where it is set; else for the user, as a folder's settings are often shared with others. */
async function setModel(chat: Chat, model: string): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('atomizer', chat.folder.folder.uri);
  const set = configuration.inspect('claude.model');
  const { ConfigurationTarget } = vscode;
  const inWorkspace = set?.workspaceValue === undefined ? ConfigurationTarget.Global : ConfigurationTarget.Workspace;
  const target = set?.workspaceFolderValue === undefined ? inWorkspace : ConfigurationTarget.WorkspaceFolder;
  await configuration.update('claude.model', model === '' && target === ConfigurationTarget.Global ? undefined : model, target);
}

/** A panel shows what Claude wrote; it may not have VS Code do anything else. */
async function runCommand(command: PanelCommand): Promise<void> {
  if (PANEL_COMMANDS.includes(command)) await vscode.commands.executeCommand(command);
}

function fileOf(chat: Chat, path: string): vscode.Uri {
  const base = chat.folder.folder.uri;
  const absolute = path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path);
  return absolute ? vscode.Uri.file(path) : vscode.Uri.joinPath(base, path);
}
