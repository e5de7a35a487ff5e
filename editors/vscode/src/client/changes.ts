/** What Claude changed in a turn: in words, as a diff editor, and the problems it brought. */
import * as vscode from 'vscode';
import { describeChange } from '../shared/describe';
import type { Change } from '../shared/messages';
import type { FileDiff, Finding } from '../shared/protocol';
import { studyLabel } from './context';
import type { Folder } from './folder';

const SCHEME = 'atomizer-turn';
const ERROR = 1;
const WARNING = 2;

/** Serves the texts before and after a turn to VS Code's diff editor. */
export class TurnTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  async show(turnId: string, file: FileDiff): Promise<void> {
    const real = vscode.Uri.parse(file.uri);
    const before = this.put(turnId, 'before', real, file.before ?? '');
    const after = this.put(turnId, 'after', real, file.after ?? '');
    await vscode.commands.executeCommand('vscode.diff', before, after, `${studyLabel(real)}: changed by Claude`, { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
  }

  private put(turnId: string, side: string, real: vscode.Uri, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: real.path, query: `${turnId}-${side}` });
    this.texts.set(uri.toString(), text);
    return uri;
  }
}

/** The problems of each spec before a turn, to tell what the turn brought. */
export class ProblemsBefore {
  private readonly known = new Map<string, Set<string>>();

  async remember(folder: Folder, uri: string): Promise<void> {
    const found = await problemsOf(folder, uri);
    if (found !== null) this.known.set(uri, new Set(found));
  }

  /** Sentences for errors and warnings that are there now and were not before. */
  async introduced(folder: Folder, uri: string): Promise<string[]> {
    const before = this.known.get(uri);
    const now = await problemsOf(folder, uri);
    if (before === undefined || now === null) return [];
    return now.filter((problem) => !before.has(problem));
  }
}

export async function changesOf(folder: Folder, turnId: string, before: ProblemsBefore | null): Promise<Change[]> {
  const files = await folder.request('atomizer/turn/diff', { turnId });
  const changes: Change[] = [];
  for (const file of files) {
    if (file.before === file.after) continue;
    const uri = vscode.Uri.parse(file.uri);
    changes.push({
      uri: file.uri,
      name: studyLabel(uri),
      words: describeChange(file.before, file.after),
      problems: before === null || file.after === null ? [] : await before.introduced(folder, file.uri),
    });
  }
  return changes;
}

async function problemsOf(folder: Folder, uri: string): Promise<string[] | null> {
  try {
    const { diagnostics } = await folder.request('atomizer/study/validate', { textDocument: { uri } });
    return diagnostics.filter(isProblem).map((finding) => `${finding.message}${finding.code === undefined ? '' : ` (${finding.code})`}`);
  } catch {
    // A file that is not there, or a server that cannot say: nothing is claimed.
    return null;
  }
}

function isProblem(finding: Finding): boolean {
  return finding.severity === ERROR || finding.severity === WARNING;
}
