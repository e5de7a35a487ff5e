/** What the next message is about: the open or chosen study, the selection, what is marked on the canvas. */
import * as vscode from 'vscode';
import type { Chip } from '../shared/messages';
import type { CanvasState, ChatParams } from '../shared/protocol';

export class Context implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];
  private readonly removed = new Map<Chip['id'], string>();
  private chosenStudy: string | null = null;
  private canvas: CanvasState = { nodes: [], edges: [] };

  constructor() {
    this.subscriptions = [
      vscode.window.onDidChangeActiveTextEditor(() => this.changed.fire()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (isSpec(textEditor.document)) this.changed.fire();
      }),
    ];
  }

  chooseStudy(studyId: string | null): void {
    this.chosenStudy = studyId;
    this.removed.delete('study');
    this.changed.fire();
  }

  selectOnCanvas(state: CanvasState): void {
    this.canvas = state;
    this.changed.fire();
  }

  remove(id: Chip['id']): void {
    if (id === 'study') this.chosenStudy = null;
    const chip = this.chips().find((candidate) => candidate.id === id);
    if (chip !== undefined) this.removed.set(id, chip.detail);
    this.changed.fire();
  }

  /** A new conversation begins with everything that is open. */
  reset(): void {
    this.removed.clear();
    this.changed.fire();
  }

  chips(): Chip[] {
    const chips: Chip[] = [];
    const editor = specEditor();
    if (this.chosenStudy !== null) {
      chips.push({ id: 'study', label: this.chosenStudy, detail: this.chosenStudy });
    } else {
      const uri = specUri();
      if (uri !== null) chips.push({ id: 'study', label: studyLabel(uri), detail: uri.fsPath });
    }
    if (editor !== null && !editor.selection.isEmpty) {
      const { start, end } = editor.selection;
      const lines = start.line === end.line ? `line ${start.line + 1}` : `lines ${start.line + 1}–${end.line + 1}`;
      chips.push({ id: 'selection', label: `Selection: ${lines}`, detail: `${editor.document.uri.fsPath}, ${lines}` });
    }
    if (this.canvas.nodes.length > 0) {
      const labels = this.canvas.nodes.map((node) => node.label).join(', ');
      chips.push({ id: 'canvas', label: `Canvas: ${labels}`, detail: `Marked on the canvas: ${labels}` });
    }
    return chips.filter((chip) => this.removed.get(chip.id) !== chip.detail);
  }

  /** The same as parameters of `atomizer/chat`. */
  params(): Pick<ChatParams, 'studyId' | 'textDocument' | 'selection' | 'canvasState'> {
    const shown = new Set(this.chips().map((chip) => chip.id));
    const params: Pick<ChatParams, 'studyId' | 'textDocument' | 'selection' | 'canvasState'> = {};
    const editor = specEditor();
    const uri = specUri();
    if (shown.has('study')) {
      if (this.chosenStudy !== null) params.studyId = this.chosenStudy;
      else if (uri !== null) params.textDocument = { uri: uri.toString() };
    }
    if (shown.has('selection') && editor !== null) {
      params.textDocument ??= { uri: editor.document.uri.toString() };
      delete params.studyId;
      params.selection = toRange(editor.selection);
    }
    if (shown.has('canvas')) params.canvasState = this.canvas;
    return params;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.changed.dispose();
  }
}

export function isSpec(document: vscode.TextDocument): boolean {
  return document.languageId === 'atomizer-spec' && document.uri.scheme === 'file';
}

export function specEditor(): vscode.TextEditor | null {
  const editor = vscode.window.activeTextEditor;
  return editor !== undefined && isSpec(editor.document) ? editor : null;
}

/** The spec that is in front: as text or as canvas. */
export function specUri(): vscode.Uri | null {
  const editor = specEditor();
  if (editor !== null) return editor.document.uri;
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType === 'atomizer.canvas' ? input.uri : null;
}

/** `studies/optics/mirror/1_setup/atomizer_spec.json` is the study `optics/mirror`. */
export function studyLabel(uri: vscode.Uri): string {
  const found = /\/studies\/(.+?)(?:\/1_setup)?\/atomizer_spec\.json$/.exec(uri.path);
  return found?.[1] ?? vscode.workspace.asRelativePath(uri);
}

export function toRange(range: vscode.Range): { start: vscode.Position; end: vscode.Position } {
  return { start: range.start, end: range.end };
}
