/** What `@` and `/` offer in the input. */
import * as vscode from 'vscode';
import type { Completion } from '../shared/messages';
import type { Folder } from './folder';
import { globFor } from './glob';

const MOST = 40;
const MOST_FILES = 200;
const ICONS: Record<string, string> = {
  designVar: 'symbol-variable',
  extractor: 'beaker',
  objective: 'target',
  constraint: 'lock',
};

/** Commands that the panel runs itself; Claude is not asked. */
export const SLASH_COMMANDS: { name: string; command: string; detail: string }[] = [
  { name: 'new', command: 'atomizer.newChat', detail: 'Begin a new conversation' },
  { name: 'stop', command: 'atomizer.stop', detail: 'Stop what Claude is doing' },
  { name: 'mode', command: 'atomizer.switchMode', detail: 'Switch between user and power mode' },
  { name: 'study', command: 'atomizer.selectStudy', detail: 'Choose the study to talk about' },
  { name: 'validate', command: 'atomizer.validateStudy', detail: 'Check the study, gate by gate' },
  { name: 'canvas', command: 'atomizer.openCanvas', detail: 'Show the study as a graph' },
  { name: 'revert', command: 'atomizer.revertTurn', detail: 'Take a change by Claude back' },
  { name: 'conversations', command: 'atomizer.showConversations', detail: 'Show all conversations' },
  { name: 'export', command: 'atomizer.exportConversation', detail: 'Save the conversation as Markdown' },
];

/** `spec` is the one that the user is at. */
export async function completions(folder: Folder, spec: vscode.Uri | null, trigger: '@' | '/', query: string): Promise<Completion[]> {
  const wanted = query.toLowerCase();
  const fits = (item: Completion): boolean => `${item.label} ${item.detail}`.toLowerCase().includes(wanted);
  if (trigger === '/') return slashCommands().filter(fits);
  const ofSpec = spec === null ? [] : [...(await entries(folder, spec)), ...problems(spec)];
  return [...ofSpec, ...(await files(folder, query))].filter(fits).slice(0, MOST);
}

function slashCommands(): Completion[] {
  return SLASH_COMMANDS.map(({ name, detail }) => ({ label: `/${name}`, detail, insert: `/${name}`, icon: 'terminal' }));
}

async function entries(folder: Folder, uri: vscode.Uri): Promise<Completion[]> {
  try {
    const { nodes } = await folder.request('atomizer/canvas/get', { textDocument: { uri: uri.toString() } });
    return nodes.map(({ id, kind, label }) => ({ label, detail: id, insert: `${label} (${id})`, icon: ICONS[kind] ?? 'circle-outline' }));
  } catch {
    return [];
  }
}

function problems(uri: vscode.Uri): Completion[] {
  return vscode.languages.getDiagnostics(uri).map((diagnostic) => ({
    label: diagnostic.message,
    detail: `line ${diagnostic.range.start.line + 1}`,
    insert: `the problem "${diagnostic.message}" (line ${diagnostic.range.start.line + 1})`,
    icon: diagnostic.severity === vscode.DiagnosticSeverity.Error ? 'error' : 'warning',
  }));
}

async function files(folder: Folder, query: string): Promise<Completion[]> {
  const pattern = new vscode.RelativePattern(folder.folder, globFor(query));
  const found = await vscode.workspace.findFiles(pattern, '**/{node_modules,.git,.atomizer}/**', MOST_FILES);
  return found.map((uri) => {
    const path = vscode.workspace.asRelativePath(uri, false);
    return { label: path.split('/').at(-1) ?? path, detail: path, insert: path, icon: 'file' };
  });
}
