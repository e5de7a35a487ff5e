/**
 * Brings buffer and disk together after a change by Claude.
 *
 * Claude writes the file, then the server asks for an edit of the open document. Applied as it is, that edit would
 * leave the document "dirty" though it equals the file, and VS Code would refuse to save it later because the file is
 * newer than what it last read. So:
 *
 * - an untouched document whose edited text would equal the file is read from the file again (which keeps the undo
 *   history) instead of being edited;
 * - any other edit is applied, and as soon as the document can be shown it is read from the file again and what the
 *   user had changed is put back as an edit: it stays dirty, and can be saved.
 */
import * as vscode from 'vscode';
import { carried, minimalChange } from './minimalChange';

interface ApplyEditParams {
  edit: {
    documentChanges?: unknown[];
    changes?: Record<string, WireEdit[]>;
  };
}

interface WireEdit {
  range: { start: Place; end: Place };
  newText: string;
}

interface Place {
  line: number;
  character: number;
}

interface ApplyEditResult {
  applied: boolean;
  failureReason?: string;
}

/** VS Code notices a changed file by itself within this time, or is told to look. */
const RELOAD_MS = 1500;
const MOST_TRIES = 5;
/** An edit that was refused is tried again when the document has moved on, or after this. */
const RETRY_MS = 200;

/** What the user had, and what the document showed when VS Code had read it from the file; equal when nothing was unsaved. */
interface Reading {
  before: string;
  after: string;
}

export class SpecDocuments implements vscode.Disposable {
  /** Documents whose last applied edit has not been brought together with the file yet. */
  private readonly pending = new Set<string>();
  /** The file that a document was last brought together with, by its stamp: the same text written anew is newer again. */
  private readonly settled = new WeakMap<vscode.TextDocument, string>();
  private readonly subscriptions: vscode.Disposable[] = [];
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly log: (message: string) => void) {
    this.subscriptions.push(
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor !== undefined && this.pending.has(editor.document.uri.toString())) {
          void this.inOrder(() => this.settle(editor.document));
        }
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.pending.delete(document.uri.toString())),
    );
  }

  /** The server's `workspace/applyEdit`; `next` applies it as VS Code would. */
  async applyEdit<P extends ApplyEditParams, R>(params: P, next: (params: P) => Promise<R>): Promise<R | ApplyEditResult> {
    return await this.inOrder(async () => {
      const target = onlyTarget(params);
      const document = target === null ? undefined : openDocument(target.uri);
      if (target === null || document === undefined) return await next(params);
      if (target.version !== null && target.version !== document.version) return await next(params);
      const after = edited(document, target.edits);
      const { version } = document;
      if (!document.isDirty && after === (await textOnDisk(document))) {
        if (await this.reload(document, version, after)) return { applied: true };
        // The server computes it anew from the text that is there now.
        if (document.version !== version) return { applied: false, failureReason: 'The document was changed meanwhile.' };
      }
      const result = await next(params);
      this.pending.add(document.uri.toString());
      // The edit is answered first: the server compares it with the next didChange.
      void this.inOrder(() => this.settle(document));
      return result;
    });
  }

  /** The file changed and the server reported how that went: the buffer may be older than the file. */
  async afterUpdate(uri: vscode.Uri): Promise<void> {
    const document = openDocument(uri.toString());
    if (document === undefined) return;
    await this.inOrder(async () => {
      if (!document.isDirty || this.settled.get(document) === (await stampOnDisk(document))) return;
      this.pending.add(uri.toString());
      await this.settle(document);
    });
  }

  /** Waits until nothing is left to bring together. */
  async whenSettled(): Promise<void> {
    for (let last: Promise<unknown> | null = null; last !== this.queue; ) {
      last = this.queue;
      await last;
    }
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** Has an untouched document read from the file; false when it did not come to show `expected`. */
  private async reload(document: vscode.TextDocument, version: number, expected: string): Promise<boolean> {
    // VS Code may have read it by itself, and the user typed into it since.
    if (document.version !== version) return document.getText() === expected;
    if (isActive(document) && !document.isDirty) {
      const reading = await readAgain(document, expected);
      if (reading !== null) await this.putBack(document, reading);
      return document.getText() === expected;
    }
    return await showsWithin(document, expected, RELOAD_MS);
  }

  private async settle(document: vscode.TextDocument): Promise<void> {
    const key = document.uri.toString();
    if (document.isClosed || !this.pending.has(key)) return;
    if (!document.isDirty) {
      this.pending.delete(key);
      return;
    }
    for (let tries = 0; tries < MOST_TRIES && isActive(document); tries += 1) {
      const mine = document.getText();
      const stamp = await stampOnDisk(document);
      const disk = await textOnDisk(document);
      if (disk === null || !isActive(document)) return;
      if (document.getText() !== mine) continue;
      const reading = await readAgain(document, disk);
      if (reading === null) continue;
      this.pending.delete(key);
      if (stamp !== null) this.settled.set(document, stamp);
      await this.putBack(document, reading);
      return;
    }
  }

  /** Brings what a document showed before it was read back as an edit. VS Code refuses edits of a stale version. */
  private async putBack(document: vscode.TextDocument, { before, after }: Reading): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const text = document.getText();
      // Once it is back, an answer that says otherwise must not bring it twice.
      const change = text === before ? null : minimalChange(text, carried(after, before, text));
      if (change === null) return;
      const edit = new vscode.WorkspaceEdit();
      const range = new vscode.Range(document.positionAt(change.start), document.positionAt(change.end));
      edit.replace(document.uri, range, change.insert);
      const { version } = document;
      if (await vscode.workspace.applyEdit(edit)) return;
      await newerThan(document, version);
    }
    this.log(`${document.uri.fsPath}: unsaved changes could not be put back; undo brings them`);
  }

  private async inOrder<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(task, task);
    this.queue = turn.catch(() => undefined);
    return await turn;
  }
}

/**
 * Has VS Code read the document in front from its file, whose text is `disk`; null when it did not.
 *
 * VS Code replaces whatever the document holds when the command gets there, also a key that we have not been told of.
 * It tells of everything in order, though: the last unsaved text before the file's is what the user had. (A text that is
 * not unsaved was read from the file, too, by VS Code itself.) While it reads it gives way to typing by itself.
 */
async function readAgain(document: vscode.TextDocument, disk: string): Promise<Reading | null> {
  const shown = [{ text: document.getText(), unsaved: document.isDirty }];
  const listening = vscode.workspace.onDidChangeTextDocument((event) => {
    if (event.document !== document) return;
    const last = shown.at(-1);
    // Whether a text is unsaved is told after it, without a change.
    if (event.contentChanges.length > 0) shown.push({ text: document.getText(), unsaved: document.isDirty });
    else if (last !== undefined) last.unsaved = document.isDirty;
  });
  await vscode.commands.executeCommand('workbench.action.files.revert');
  listening.dispose();
  let read = shown.findLastIndex(({ text }, index) => index > 0 && text === disk);
  if (read < 0) {
    if (document.isDirty) return null;
    // Nothing typed since: the last text is the file's, also where the file has another one by now.
    read = shown.length - 1;
  }
  const after = shown[read]?.text ?? disk;
  const before = shown.slice(0, read).findLast(({ unsaved }) => unsaved)?.text ?? after;
  return { before, after };
}

function isActive(document: vscode.TextDocument): boolean {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText && input.uri.toString() === document.uri.toString();
}

function openDocument(uri: string): vscode.TextDocument | undefined {
  const wanted = vscode.Uri.parse(uri).toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === wanted);
}

/** Tells one writing of the file from another. */
async function stampOnDisk(document: vscode.TextDocument): Promise<string | null> {
  try {
    const { mtime, size } = await vscode.workspace.fs.stat(document.uri);
    return `${mtime}:${size}`;
  } catch {
    return null;
  }
}

async function textOnDisk(document: vscode.TextDocument): Promise<string | null> {
  try {
    const bytes = await vscode.workspace.fs.readFile(document.uri);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // VS Code shows one kind of line end; a file that mixes them never equals its buffer.
    return document.eol === vscode.EndOfLine.CRLF ? text.replace(/\r?\n/g, '\r\n') : text.replace(/\r\n/g, '\n');
  } catch {
    return null;
  }
}

/** The one document that an edit changes, with its edits; null when it does anything else. */
function onlyTarget(params: ApplyEditParams): { uri: string; version: number | null; edits: WireEdit[] } | null {
  const { documentChanges, changes } = params.edit;
  if (documentChanges !== undefined) {
    const only = documentChanges[0] as
      | { textDocument?: { uri: string; version: number | null }; edits?: WireEdit[] }
      | undefined;
    if (documentChanges.length !== 1 || only?.textDocument === undefined || only.edits === undefined) return null;
    return { uri: only.textDocument.uri, version: only.textDocument.version, edits: only.edits };
  }
  const entries = Object.entries(changes ?? {});
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined) return null;
  return { uri: entry[0], version: null, edits: entry[1] };
}

function edited(document: vscode.TextDocument, edits: WireEdit[]): string {
  const text = document.getText();
  const at = (position: Place): number =>
    document.offsetAt(new vscode.Position(position.line, position.character));
  const sorted = edits
    .map((edit, order) => ({ start: at(edit.range.start), end: at(edit.range.end), insert: edit.newText, order }))
    .sort((a, b) => a.start - b.start || a.order - b.order);
  let result = '';
  let from = 0;
  for (const edit of sorted) {
    result += text.slice(from, edit.start) + edit.insert;
    from = edit.end;
  }
  const eol = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
  return (result + text.slice(from)).replace(/\r?\n/g, eol);
}

async function showsWithin(document: vscode.TextDocument, expected: string, milliseconds: number): Promise<boolean> {
  if (document.getText() === expected) return true;
  return await new Promise((resolve) => {
    const finish = (shown: boolean): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve(shown);
    };
    const timer = setTimeout(() => finish(document.getText() === expected), milliseconds);
    const listening = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document !== document) return;
      // Anything else that happens to it makes the server compute its edit anew.
      if (document.getText() === expected) finish(true);
      else if (document.isDirty) finish(false);
    });
  });
}

async function newerThan(document: vscode.TextDocument, version: number): Promise<void> {
  if (document.version > version) return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve();
    };
    const timer = setTimeout(finish, RETRY_MS);
    const listening = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === document) finish();
    });
  });
}
