/** The commands of the extension. */
import * as vscode from 'vscode';
import type { Mode } from '../shared/protocol';
import { questionInWords, type Chat } from './chat';
import type { Chats } from './chats';
import { studyLabel } from './context';
import { openExample } from './example';
import { messageOf } from './log';
import { exportConversation, type PanelHost } from './panelHost';
import { isSpec } from './specFocus';
import { pickStudy } from './studies';

export interface Parts {
  chats: Chats;
  panel: PanelHost;
  output: vscode.LogOutputChannel;
  extension: vscode.Uri;
}

export function registerCommands(parts: Parts): vscode.Disposable[] {
  const { chats, panel, output } = parts;
  const commands: Record<string, (...args: never[]) => unknown> = {
    openChat: (about?: About) => openChat(panel, about),
    openChatInEditor: () => panel.openTab(),
    newChat: async () => {
      activeChat(chats).newChat();
      await panel.openView();
    },
    stop: () => activeChat(chats).stop(),
    switchMode: (mode?: Mode) => switchMode(activeChat(chats), mode),
    selectStudy: (studyId?: string) => selectStudy(activeChat(chats), studyId),
    validateStudy: (target?: unknown) => validateStudy(parts, target),
    revertTurn: (turnId?: string) => revertTurn(activeChat(chats), turnId),
    showConversations: async () => {
      await panel.openView();
      await activeChat(chats).tellSessions(true);
    },
    restartServer: () => Promise.all(chats.folders.all().map((folder) => folder.restart())),
    openCanvas: (uri?: vscode.Uri) => openCanvas(chats, uri),
    askClaude: () => panel.fillInput('About the selection: '),
    fixWithClaude: () => panel.fillInput(problemsHere()),
    exportConversation: async () => {
      const chat = activeChat(chats);
      if (chat.sessionId === null) throw new Error('There is no conversation to export.');
      await exportConversation(chat, chat.sessionId);
    },
    showOutput: () => output.show(),
    showMenu: () => showMenu(chats),
    openExample: () => openExample(parts.extension),
  };
  return Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`atomizer.${name}`, async (...args: never[]) => {
      try {
        return await run(...args);
      } catch (error) {
        output.error(`${name}: ${messageOf(error)}`);
        void vscode.window.showErrorMessage(messageOf(error));
        return undefined;
      }
    }),
  );
}

/** What a code lens or code action of the server asks for: a place to talk about, and words for the input. */
interface About {
  textDocument?: { uri: string };
  selection?: { start: Place; end: Place };
  message?: string;
}

interface Place {
  line: number;
  character: number;
}

async function openChat(panel: PanelHost, about: About | undefined): Promise<void> {
  if (about?.textDocument === undefined) {
    if (about?.message === undefined) await panel.openView();
    else await panel.fillInput(about.message);
    return;
  }
  const uri = vscode.Uri.parse(about.textDocument.uri);
  const { start, end } = about.selection ?? {};
  const selection = start === undefined || end === undefined ? null : new vscode.Range(start.line, start.character, end.line, end.character);
  await vscode.window.showTextDocument(uri, selection === null ? {} : { selection });
  await panel.fillInput(about.message ?? `About ${studyLabel(uri)}: `);
}

function activeChat(chats: Chats): Chat {
  const chat = chats.active();
  if (chat === null) throw new Error('No folder with studies/ is open.');
  return chat;
}

async function switchMode(chat: Chat, mode: Mode | undefined): Promise<void> {
  const modes: (vscode.QuickPickItem & { mode: Mode })[] = [
    { mode: 'user', label: 'User', description: 'Claude reads; everything else is asked for' },
    { mode: 'power', label: 'Power', description: 'Claude also edits inside the root; commands are asked for' },
  ];
  const picked = mode ?? (await vscode.window.showQuickPick(modes, { placeHolder: `Mode is ${chat.mode}` }))?.mode;
  if (picked !== undefined) await chat.setMode(picked);
}

async function selectStudy(chat: Chat, studyId: string | undefined): Promise<void> {
  if (studyId !== undefined) return await chat.setStudy(studyId);
  const studies = await chat.folder.request('atomizer/study/list', {});
  const items: (vscode.QuickPickItem & { studyId: string | null })[] = studies.map((study) => ({
    label: study.studyId,
    description: study.draft ? 'draft' : (study.status ?? ''),
    detail: `${study.errors} errors, ${study.warnings} warnings`,
    studyId: study.studyId,
  }));
  const none = { label: 'No study', description: '', detail: 'Talk about no study in particular', studyId: null };
  const picked = await vscode.window.showQuickPick([...items, none], { placeHolder: 'The study to talk about' });
  if (picked !== undefined) await chat.setStudy(picked.studyId);
}

async function validateStudy({ chats, output }: Parts, target: unknown): Promise<void> {
  const uri = target instanceof vscode.Uri ? target : typeof target === 'string' ? null : specHere(chats);
  const studyId = typeof target === 'string' ? target : null;
  const chat = (uri === null ? null : chats.of(uri)) ?? activeChat(chats);
  const where = uri === null ? await studyToValidate(chat, studyId) : { textDocument: { uri: uri.toString() } };
  if (where === null) return;
  const result = await chat.folder.request('atomizer/study/validate', where);
  const failed = result.gates.filter((gate) => !gate.passed);
  for (const gate of result.gates) {
    output.info(`${studyLabel(vscode.Uri.parse(result.uri))}: ${gate.gate} ${gate.passed ? 'passed' : `failed: ${gate.reasons.join('; ')}`}`);
  }
  const name = studyLabel(vscode.Uri.parse(result.uri));
  if (failed.length === 0) {
    void vscode.window.showInformationMessage(`${name} is ready: every gate passed.`);
    return;
  }
  const text = `${name}: ${result.errors} errors, ${result.warnings} warnings; not passed: ${failed.map(({ gate }) => gate).join(', ')}.`;
  const choice = await vscode.window.showWarningMessage(text, 'Show Problems', 'Show Reasons');
  if (choice === 'Show Problems') await vscode.commands.executeCommand('workbench.actions.view.problems');
  else if (choice === 'Show Reasons') output.show();
}

async function studyToValidate(chat: Chat, studyId: string | null): Promise<{ studyId: string } | null> {
  if (studyId !== null) return { studyId };
  const study = await pickStudy(chat.folder, 'The study to validate');
  return study === undefined ? null : { studyId: study.studyId };
}

/** The spec that the user is at in the folder that panels show. */
function specHere(chats: Chats): vscode.Uri | null {
  const chat = chats.active();
  return chat === null ? null : chats.context.spec(chat.folder);
}

async function revertTurn(chat: Chat, turnId: string | undefined): Promise<void> {
  if (turnId !== undefined) return await chat.revert(turnId);
  const turns = await chat.changedTurns();
  if (turns.length === 0) throw new Error('This conversation changed no spec.');
  const picked = await vscode.window.showQuickPick(turns, { placeHolder: 'The change to take back' });
  if (picked !== undefined) await chat.revert(picked.turnId);
}

async function openCanvas(chats: Chats, given: vscode.Uri | undefined): Promise<void> {
  const uri = given ?? specHere(chats) ?? (await pickSpec(activeChat(chats)));
  if (uri === null) return;
  await vscode.commands.executeCommand('vscode.openWith', uri, 'atomizer.canvas', vscode.ViewColumn.Beside);
}

async function pickSpec(chat: Chat): Promise<vscode.Uri | null> {
  const study = await pickStudy(chat.folder, 'The study to show');
  return study === undefined ? null : vscode.Uri.parse(study.uri);
}

/** A message about the problems under the cursor, or of the whole spec. */
function problemsHere(): string {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || !isSpec(editor.document)) return 'Please fix the problems of this study.';
  const all = vscode.languages.getDiagnostics(editor.document.uri);
  const here = all.filter((diagnostic) => diagnostic.range.intersection(editor.selection) !== undefined);
  const meant = here.length > 0 ? here : all;
  if (meant.length === 0) return 'Please check this study for mistakes.';
  const lines = meant.map((diagnostic) => `- line ${diagnostic.range.start.line + 1}: ${diagnostic.message}`);
  return `Please fix:\n${lines.join('\n')}`;
}

async function showMenu(chats: Chats): Promise<void> {
  const questions = chats.questions().map(({ chat, question }) => ({
    label: `$(question) ${questionInWords(question)}`,
    description: chat.folder.name,
    run: () => chat.showQuestion(question),
  }));
  const items = [
    { label: '$(comment-discussion) Open Chat', command: 'atomizer.openChat' },
    { label: '$(add) New Chat', command: 'atomizer.newChat' },
    { label: '$(debug-stop) Stop Claude', command: 'atomizer.stop' },
    { label: '$(history) Show Conversations', command: 'atomizer.showConversations' },
    { label: '$(arrow-swap) Switch Mode', command: 'atomizer.switchMode' },
    { label: '$(symbol-class) Select Study', command: 'atomizer.selectStudy' },
    { label: '$(checklist) Validate Study', command: 'atomizer.validateStudy' },
    { label: '$(type-hierarchy) Open Canvas', command: 'atomizer.openCanvas' },
    { label: '$(debug-restart) Restart Server', command: 'atomizer.restartServer' },
    { label: '$(output) Show Output', command: 'atomizer.showOutput' },
  ];
  const actions = items.map(({ label, command }) => ({ label, description: '', run: () => vscode.commands.executeCommand(command) }));
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & { run: () => unknown }>([...questions, ...actions], { placeHolder: 'Atomizer' });
  await picked?.run();
}
