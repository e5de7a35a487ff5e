/** What `@` and `/` offer in the input. */
import * as vscode from 'vscode';
import type { Completion } from '../shared/messages';
import { specUri } from './context';
import type { Folder } from './folder';

const MOST = 40;
const MOST_FILES = 500;
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

export async function completions(folder: Folder, trigger: '@' | '/', query: string): Promise<Completion[]> {
  const all = trigger === '/' ? slashCommands() : [...(await entries(folder)), ...problems(), ...(await files(folder))];
  const wanted = query.toLowerCase();
  return all.filter((item) => `${item.label} ${item.detail}`.toLowerCase().includes(wanted)).slice(0, MOST);
}

function slashCommands(): Completion[] {
  return SLASH_COMMANDS.map(({ name, detail }) => ({ label: `/${name}`, detail, insert: `/${name}`, icon: 'terminal' }));
}

async function entries(folder: Folder): Promise<Completion[]> {
  const uri = specUri();
  if (uri === null) return [];
  try {
    const { nodes } = await folder.request('atomizer/canvas/get', { textDocument: { uri: uri.toString() } });
    return nodes.map(({ id, kind, label }) => ({ label, detail: id, insert: `${label} (${id})`, icon: ICONS[kind] ?? 'circle-outline' }));
  } catch {
    return [];
  }
}

function problems(): Completion[] {
  const uri = specUri();
  if (uri === null) return [];
  return vscode.languages.getDiagnostics(uri).map((diagnostic) => ({
    label: diagnostic.message,
    detail: `line ${diagnostic.range.start.line + 1}`,
    insert: `the problem "${diagnostic.message}" (line ${diagnostic.range.start.line + 1})`,
    icon: diagnostic.severity === vscode.DiagnosticSeverity.Error ? 'error' : 'warning',
  }));
}

async function files(folder: Folder): Promise<Completion[]> {
  const found = await vscode.workspace.findFiles(new vscode.RelativePattern(folder.folder, '**'), '**/{node_modules,.git,.atomizer}/**', MOST_FILES);
  return found.map((uri) => {
    const path = vscode.workspace.asRelativePath(uri, false);
    return { label: path.split('/').at(-1) ?? path, detail: path, insert: path, icon: 'file' };
  });
}
