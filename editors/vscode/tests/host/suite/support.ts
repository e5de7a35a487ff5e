/** What the tests in the extension host share. Everything waits for events of VS Code, with a deadline. */
import { readFile, writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Api } from '../../../src/client/extension';
import type { ToPanel } from '../../../src/shared/messages';

const DEADLINE_MS = 60_000;

export async function api(): Promise<Api> {
  const extension = vscode.extensions.getExtension<Api>('atomizer.atomizer-lsp');
  if (extension === undefined) throw new Error('the extension is not there');
  const exported = await extension.activate();
  await until('the server runs', () => exported.folders.active()?.state === 'running', exported.folders.onDidChange);
  return exported;
}

/** Looks at once and after each event; fails with a sentence when it takes too long. */
export async function until(what: string, holds: () => boolean, ...events: vscode.Event<unknown>[]): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve, reject) => {
    const finish = (error: Error | null): void => {
      clearTimeout(timer);
      for (const listening of all) listening.dispose();
      if (error === null) resolve();
      else reject(error);
    };
    const timer = setTimeout(() => finish(holds() ? null : new Error(`waited too long until ${what}`)), DEADLINE_MS);
    const all = events.map((event) =>
      event(() => {
        if (holds()) finish(null);
      }),
    );
  });
}

export function specUri(study = 'bracket_mass'): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error('no folder is open');
  return vscode.Uri.joinPath(folder.uri, 'studies', study, '1_setup/atomizer_spec.json');
}

export async function open(uri = specUri()): Promise<vscode.TextEditor> {
  const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  // The test before put the file back; VS Code may still show what it was.
  const text = await disk(uri);
  await until('the document shows the file', () => editor.document.getText() === text, vscode.workspace.onDidChangeTextDocument);
  return editor;
}

export async function disk(uri = specUri()): Promise<string> {
  return await readFile(uri.fsPath, 'utf8');
}

/** Closes everything without saving, and puts the file back. */
export async function cleanUp(texts: Map<vscode.Uri, string>): Promise<void> {
  for (const document of vscode.workspace.textDocuments) {
    if (!document.isDirty || document.languageId !== 'atomizer-spec') continue;
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  }
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  for (const [uri, text] of texts) await writeFile(uri.fsPath, text);
}

/** One turn in a new conversation in which claude does what the scenario says. */
export async function turn(steps: object[], listener?: (message: ToPanel) => void): Promise<void> {
  const { chats } = await api();
  const chat = chats.active();
  const scenario = process.env['CLAUDE_STANDIN'];
  if (chat === null || scenario === undefined) throw new Error('no chat');
  await writeFile(scenario, JSON.stringify({ turns: [steps] }));
  chat.newChat();
  await chat.setMode('power');
  // Shown only when a test fails.
  const listening = chat.onTell((message) => {
    listener?.(message);
    if (message.type === 'event' || message.type === 'ended') console.log('TURN', JSON.stringify(message).slice(0, 300));
  });
  await chat.send('Do it');
  listening.dispose();
}

export async function replaceInEditor(editor: vscode.TextEditor, old: string, replacement: string): Promise<void> {
  const start = editor.document.getText().indexOf(old);
  if (start < 0) throw new Error(`${old} is not in the document`);
  const range = new vscode.Range(editor.document.positionAt(start), editor.document.positionAt(start + old.length));
  if (!(await editor.edit((edit) => edit.replace(range, replacement)))) throw new Error(`VS Code refused to replace ${old}`);
}

/** Undoes until the document shows `text`; fails after as many steps as a change by Claude can make. */
export async function undoTo(document: vscode.TextDocument, text: string): Promise<void> {
  for (let steps = 0; steps < 6 && document.getText() !== text; steps += 1) {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('undo');
  }
  await until('undo brings the former text', () => document.getText() === text, vscode.workspace.onDidChangeTextDocument);
}
