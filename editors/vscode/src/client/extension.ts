/** Where VS Code comes in: puts the parts together. */
import * as vscode from 'vscode';
import { CanvasEditor } from './canvasEditor';
import { TurnTexts } from './changes';
import { Chats } from './chats';
import { registerCommands } from './commands';
import { Folders } from './folders';
import { Memory } from './memory';
import { PanelHost } from './panelHost';
import { registerServerCommands } from './serverCommands';
import { SpecDocuments } from './specDocuments';
import { StatusBar } from './statusBar';
import { Titles } from './titles';
import { TurnStore } from './turnStore';

/** For the extension's own tests. */
export interface Api {
  folders: Folders;
  chats: Chats;
  status: StatusBar;
  specDocuments: SpecDocuments;
}

let running: { folders: Folders; turnStore: TurnStore } | null = null;

export function activate(context: vscode.ExtensionContext): Api {
  const began = performance.now();
  const output = vscode.window.createOutputChannel('Atomizer', { log: true });
  const trace = vscode.window.createOutputChannel('Atomizer Trace', { log: true });
  const specDocuments = new SpecDocuments((message) => output.warn(message));
  const folders = new Folders({ extensionFolder: context.extensionUri.fsPath, output, trace, specDocuments });
  const turnTexts = new TurnTexts(folders);
  const panel = new PanelHost(context.extensionUri, turnTexts, (message) => output.info(message));
  const storage = context.storageUri?.fsPath ?? null;
  const memory = new Memory(storage);
  const turnStore = new TurnStore(storage, (message) => output.warn(message));
  const parts = { memory, titles: new Titles(memory), turnStore, turnTexts, specDocuments, revealPanel: panel.reveal };
  const chats = new Chats(folders, parts, () => panel.openView());
  const status = new StatusBar(chats);
  panel.attach(chats);
  context.subscriptions.push(
    output,
    trace,
    specDocuments,
    turnTexts,
    panel,
    chats,
    folders,
    status,
    ...registerCommands({ chats, panel, output, extension: context.extensionUri }),
    ...registerServerCommands(chats),
    CanvasEditor.register(context.extensionUri, chats),
  );
  running = { folders, turnStore };
  folders.start();
  output.info(`Activated in ${Math.round(performance.now() - began)} ms`);
  return { folders, chats, status, specDocuments };
}

export async function deactivate(): Promise<void> {
  running?.turnStore.close();
  await running?.folders.stop();
}
