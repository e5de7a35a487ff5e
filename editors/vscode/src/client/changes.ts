/** What Claude changed in a turn: in words, and as a diff editor. */
import * as vscode from 'vscode';
import { describeChange } from '../shared/describe';
import type { Change } from '../shared/messages';
import { studyLabel } from './context';
import type { Folder } from './folder';
import type { Folders } from './folders';

const SCHEME = 'atomizer-turn';

/** Serves the texts before and after a turn to VS Code's diff editor, also after a reload. */
export class TurnTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly fired = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.fired.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly folders: Folders) {
    this.subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      // A diff that was open when the window was reloaded asks before its server runs.
      folders.onDidAdd((folder) => folder.onDidStart(() => this.refresh(() => true))),
    ];
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { turnId = '', side = '' } = JSON.parse(uri.query) as { turnId?: string; side?: string };
    const real = uri.with({ scheme: 'file', query: '' });
    const folder = this.folders.ofUri(real);
    if (folder?.state !== 'running') return '';
    const files = await folder.request('atomizer/turn/diff', { turnId });
    const file = files.find((candidate) => vscode.Uri.parse(candidate.uri).path === real.path);
    return (side === 'before' ? file?.before : file?.after) ?? '';
  }

  async show(turnId: string, file: string): Promise<void> {
    const real = vscode.Uri.parse(file);
    const text = (side: 'before' | 'after'): vscode.Uri => real.with({ scheme: SCHEME, query: JSON.stringify({ turnId, side }) });
    this.changed(turnId);
    await vscode.commands.executeCommand('vscode.diff', text('before'), text('after'), `${studyLabel(real)}: changed by Claude`, { preview: true });
  }

  /** The turn changed a spec: diffs of it that are open are read again. */
  changed(turnId: string): void {
    this.refresh((uri) => uri.query.includes(`"${turnId}"`));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.fired.dispose();
  }

  private refresh(wanted: (uri: vscode.Uri) => boolean): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      if (uri.scheme === SCHEME && wanted(uri)) this.fired.fire(uri);
    }
  }
}

export async function changesOf(folder: Folder, turnId: string): Promise<Change[]> {
  const files = await folder.request('atomizer/turn/diff', { turnId });
  return files
    .filter(({ before, after }) => before !== after)
    .map(({ uri, before, after }) => ({ uri, name: studyLabel(vscode.Uri.parse(uri)), words: describeChange(before, after) }));
}
