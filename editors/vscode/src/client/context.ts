/** What the next message is about: the open or chosen study, the selection, what is marked on the canvas. */
import * as vscode from 'vscode';
import type { Chip } from '../shared/messages';
import type { CanvasState, ChatParams } from '../shared/protocol';
import type { Folder } from './folder';
import type { Folders } from './folders';
import { SpecFocus } from './specFocus';

const NOTHING_MARKED: CanvasState = { nodes: [], edges: [] };

/** The part of the parameters of `atomizer/chat` that says what a message is about. */
export type About = Pick<ChatParams, 'studyId' | 'textDocument' | 'selection' | 'canvasState'>;

/** Each method is asked for one folder: a message to one root never speaks of a document of another. */
export class Context implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly focus = new SpecFocus();
  private readonly listening: vscode.Disposable;
  private readonly removed = new Map<Chip['id'], string>();
  private readonly chosenStudies = new Map<Folder, string>();
  private canvas: { uri: vscode.Uri; state: CanvasState } | null = null;

  constructor(private readonly folders: Folders) {
    this.listening = this.focus.onDidChange(() => this.changed.fire());
  }

  chooseStudy(folder: Folder, studyId: string | null): void {
    if (studyId === null) this.chosenStudies.delete(folder);
    else this.chosenStudies.set(folder, studyId);
    this.removed.delete('study');
    this.changed.fire();
  }

  selectOnCanvas(uri: vscode.Uri, state: CanvasState): void {
    this.canvas = { uri, state };
    this.changed.fire();
  }

  remove(folder: Folder, id: Chip['id']): void {
    if (id === 'study') this.chosenStudies.delete(folder);
    const chip = this.chips(folder).find((candidate) => candidate.id === id);
    if (chip !== undefined) this.removed.set(id, chip.detail);
    this.changed.fire();
  }

  /** A new conversation begins with everything that is open. */
  reset(): void {
    this.removed.clear();
    this.changed.fire();
  }

  /** The spec that the user is at, when it is one of this folder. */
  spec(folder: Folder): vscode.Uri | null {
    return this.ofFolder(folder, this.focus.uri);
  }

  chips(folder: Folder): Chip[] {
    const chips: Chip[] = [];
    const chosen = this.chosenStudies.get(folder);
    const uri = this.spec(folder);
    if (chosen !== undefined) chips.push({ id: 'study', label: chosen, detail: chosen });
    else if (uri !== null) chips.push({ id: 'study', label: studyLabel(uri), detail: uri.fsPath });
    const selected = this.selected(folder);
    if (selected !== null) {
      const { start, end } = selected.selection;
      const lines = start.line === end.line ? `line ${start.line + 1}` : `lines ${start.line + 1}–${end.line + 1}`;
      chips.push({ id: 'selection', label: `Selection: ${lines}`, detail: `${selected.document.uri.fsPath}, ${lines}` });
    }
    const { nodes } = this.marked(folder);
    if (nodes.length > 0) {
      const labels = nodes.map((node) => node.label).join(', ');
      chips.push({ id: 'canvas', label: `Canvas: ${labels}`, detail: `Marked on the canvas: ${labels}` });
    }
    return chips.filter((chip) => this.removed.get(chip.id) !== chip.detail);
  }

  /** The same as parameters of `atomizer/chat`. */
  params(folder: Folder): About {
    const shown = new Set(this.chips(folder).map((chip) => chip.id));
    const params: About = {};
    const uri = this.spec(folder);
    const chosen = this.chosenStudies.get(folder);
    if (shown.has('study')) {
      if (chosen !== undefined) params.studyId = chosen;
      else if (uri !== null) params.textDocument = { uri: uri.toString() };
    }
    const selected = this.selected(folder);
    if (shown.has('selection') && selected !== null) {
      params.textDocument ??= { uri: selected.document.uri.toString() };
      delete params.studyId;
      params.selection = { start: selected.selection.start, end: selected.selection.end };
    }
    if (shown.has('canvas')) params.canvasState = this.marked(folder);
    return params;
  }

  dispose(): void {
    this.listening.dispose();
    this.focus.dispose();
    this.changed.dispose();
  }

  private selected(folder: Folder): vscode.TextEditor | null {
    const { editor } = this.focus;
    if (editor === null || editor.selection.isEmpty) return null;
    return this.ofFolder(folder, editor.document.uri) === null ? null : editor;
  }

  private marked(folder: Folder): CanvasState {
    return this.canvas !== null && this.ofFolder(folder, this.canvas.uri) !== null ? this.canvas.state : NOTHING_MARKED;
  }

  private ofFolder(folder: Folder, uri: vscode.Uri | null): vscode.Uri | null {
    return uri !== null && this.folders.ofUri(uri) === folder ? uri : null;
  }
}

/** `studies/optics/mirror/1_setup/atomizer_spec.json` is the study `optics/mirror`. */
export function studyLabel(uri: vscode.Uri): string {
  const found = /\/studies\/(.+?)(?:\/1_setup)?\/atomizer_spec\.json$/.exec(uri.path);
  return found?.[1] ?? vscode.workspace.asRelativePath(uri);
}
