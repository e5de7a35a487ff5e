/** The canvas: a spec shown as a graph, beside its text or instead of it. */
import * as vscode from 'vscode';
import type { FromCanvas, ToCanvas } from '../shared/messages';
import type { CanvasModification, CanvasState } from '../shared/protocol';
import type { Chats } from './chats';
import { messageOf } from './log';
import { colourNodes, moveEdits, offsetOf } from './canvasText';
import { page, webviewOptions } from './webview';

/** Typing in the text redraws the graph after this pause. */
const REDRAW_MS = 150;

export class CanvasEditor implements vscode.CustomTextEditorProvider {
  constructor(
    private readonly extension: vscode.Uri,
    private readonly chats: Chats,
  ) {}

  static register(extension: vscode.Uri, chats: Chats): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider('atomizer.canvas', new CanvasEditor(extension, chats), {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { retainContextWhenHidden: false },
    });
  }

  resolveCustomTextEditor(document: vscode.TextDocument, panel: vscode.WebviewPanel): void {
    const view = new CanvasView(document, panel, this.chats);
    panel.webview.options = webviewOptions(this.extension);
    panel.webview.html = page(panel.webview, this.extension, 'canvas', 'Canvas');
    panel.onDidDispose(() => view.dispose());
  }
}

class CanvasView implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | null = null;
  private graph: CanvasState = { nodes: [], edges: [] };

  constructor(
    private readonly document: vscode.TextDocument,
    private readonly panel: vscode.WebviewPanel,
    private readonly chats: Chats,
  ) {
    const mine = (uri: vscode.Uri): boolean => uri.toString() === document.uri.toString();
    this.subscriptions = [
      panel.webview.onDidReceiveMessage((message: FromCanvas) => void this.receive(message)),
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (mine(event.document.uri) && event.contentChanges.length > 0) this.redrawSoon();
      }),
      vscode.languages.onDidChangeDiagnostics((event) => {
        if (event.uris.some(mine)) this.redrawSoon();
      }),
      chats.folders.onDidChange(() => this.redrawSoon()),
    ];
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
    this.chats.context.selectOnCanvas(this.document.uri, { nodes: [], edges: [] });
  }

  private async receive(message: FromCanvas): Promise<void> {
    try {
      if (message.type === 'ready') await this.redraw();
      else if (message.type === 'reveal') await this.reveal(message.id);
      else if (message.type === 'move') await this.move(message.moves);
      else if (message.type === 'apply') await this.apply(message.modifications);
      else this.select(message.nodes);
    } catch (error) {
      this.tell({ type: 'notice', message: messageOf(error) });
    }
  }

  private redrawSoon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.redraw(), REDRAW_MS);
  }

  private async redraw(): Promise<void> {
    const chat = this.chats.of(this.document.uri);
    if (chat === null || chat.folder.state !== 'running') {
      this.tell({ type: 'failed', message: 'The Atomizer server is not running.' });
      return;
    }
    try {
      this.graph = await chat.folder.request('atomizer/canvas/get', this.target);
      const diagnostics = vscode.languages.getDiagnostics(this.document.uri).map((diagnostic) => ({
        offset: this.document.offsetAt(diagnostic.range.start),
        error: diagnostic.severity === vscode.DiagnosticSeverity.Error,
        warning: diagnostic.severity === vscode.DiagnosticSeverity.Warning,
        message: diagnostic.message,
      }));
      const nodes = colourNodes(this.document.getText(), this.graph.nodes, diagnostics);
      this.tell({ type: 'graph', nodes, edges: this.graph.edges });
    } catch (error) {
      this.tell({ type: 'failed', message: messageOf(error) });
    }
  }

  private async reveal(id: string): Promise<void> {
    const offset = offsetOf(this.document.getText(), id);
    if (offset === null) return;
    const at = this.document.positionAt(offset);
    const column = vscode.window.visibleTextEditors.find(({ document }) => document === this.document)?.viewColumn;
    await vscode.window.showTextDocument(this.document, {
      viewColumn: column ?? vscode.ViewColumn.Beside,
      selection: new vscode.Range(at, at),
      preserveFocus: true,
    });
  }

  private async move(moves: { id: string; x: number; y: number }[]): Promise<void> {
    const edit = new vscode.WorkspaceEdit();
    for (const { offset, length, content } of moveEdits(this.document.getText(), moves)) {
      const range = new vscode.Range(this.document.positionAt(offset), this.document.positionAt(offset + length));
      edit.replace(this.document.uri, range, content);
    }
    if (!(await vscode.workspace.applyEdit(edit))) this.tell({ type: 'notice', message: 'The new place could not be written.' });
  }

  private async apply(modifications: CanvasModification[]): Promise<void> {
    const chat = this.chats.of(this.document.uri);
    if (chat === null) return;
    const { skipped } = await chat.folder.request('atomizer/canvas/apply', { ...this.target, modifications });
    if (skipped.length > 0) this.tell({ type: 'notice', message: skipped.map(({ reason }) => reason).join(' ') });
    this.redrawSoon();
  }

  private select(ids: string[]): void {
    const chosen = new Set(ids);
    this.chats.context.selectOnCanvas(this.document.uri, {
      nodes: this.graph.nodes.filter(({ id }) => chosen.has(id)),
      edges: this.graph.edges.filter(({ source, target }) => chosen.has(source) || chosen.has(target)),
    });
  }

  private get target(): { textDocument: { uri: string } } {
    return { textDocument: { uri: this.document.uri.toString() } };
  }

  private tell(message: ToCanvas): void {
    void this.panel.webview.postMessage(message);
  }
}
