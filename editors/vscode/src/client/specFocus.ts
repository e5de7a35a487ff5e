/** The spec that the user is at: as text or as canvas, also while the chat or another view has the focus. */
import * as vscode from 'vscode';

const CANVAS = 'atomizer.canvas';
const SPEC = /\/atomizer_spec\.json$/;

interface Focus {
  uri: vscode.Uri;
  /** Null for a canvas. */
  editor: vscode.TextEditor | null;
}

export class SpecFocus implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];
  private last: Focus | null = null;

  constructor() {
    const { window } = vscode;
    const look = (): void => this.look();
    this.subscriptions = [
      window.onDidChangeActiveTextEditor(look),
      window.tabGroups.onDidChangeTabs(look),
      window.tabGroups.onDidChangeTabGroups(look),
      window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (isSpec(textEditor.document)) this.changed.fire();
      }),
    ];
    look();
  }

  get uri(): vscode.Uri | null {
    return this.last?.uri ?? null;
  }

  /** The spec's text editor; null for a canvas. */
  get editor(): vscode.TextEditor | null {
    return this.last?.editor ?? null;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.changed.dispose();
  }

  private look(): void {
    const next = this.next();
    if (next?.uri.toString() === this.last?.uri.toString() && next?.editor === this.last?.editor) return;
    this.last = next;
    this.changed.fire();
  }

  /** A spec in front; else the former one, until another file is in front or its own tabs are closed. */
  private next(): Focus | null {
    const editor = vscode.window.activeTextEditor;
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    if (input instanceof vscode.TabInputCustom && input.viewType === CANVAS) return { uri: input.uri, editor: null };
    if (editor !== undefined && isSpec(editor.document)) return { uri: editor.document.uri, editor };
    if (input instanceof vscode.TabInputText && !SPEC.test(input.uri.path)) return null;
    return this.last !== null && isOpen(this.last.uri) ? this.last : null;
  }
}

/** The file in front, whatever it is; null for views that show none. */
export function fileInFront(): vscode.Uri | null {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText) return input.uri;
  return null;
}

export function isSpec(document: vscode.TextDocument): boolean {
  return document.languageId === 'atomizer-spec' && document.uri.scheme === 'file';
}

function isOpen(uri: vscode.Uri): boolean {
  return vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(({ input }) => (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) && input.uri.toString() === uri.toString()),
  );
}
