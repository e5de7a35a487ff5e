/**
 * The server's own commands (`atomizer.study.validate`, …) as they stand in its code lenses and code actions.
 * Registered once for all folders and sent to the server of the active one. `atomizer.chat` fills the input instead:
 * nothing is said to Claude that the user did not send.
 */
import * as vscode from 'vscode';
import type { Chats } from './chats';
import { messageOf } from './log';
import type { PanelHost } from './panelHost';

const OPERATIONS = [
  'cancel',
  'session.create',
  'session.list',
  'session.info',
  'session.history',
  'session.setMode',
  'session.setStudy',
  'session.close',
  'session.delete',
  'study.list',
  'study.validate',
  'canvas.get',
  'canvas.apply',
  'turn.diff',
  'turn.revert',
  'conflict.list',
  'conflict.resolve',
];

export function registerServerCommands(chats: Chats, panel: PanelHost): vscode.Disposable[] {
  const commands = OPERATIONS.map((name) =>
    vscode.commands.registerCommand(`atomizer.${name}`, async (params: unknown) => {
      const chat = chatOf(chats, params);
      try {
        if (chat === null) throw new Error('No folder with studies/ is open.');
        if (name === 'study.validate' && uriOf(params) !== null) {
          return await vscode.commands.executeCommand('atomizer.validateStudy', uriOf(params));
        }
        return await chat.folder.raw(`atomizer/${name.replaceAll('.', '/')}`, params);
      } catch (error) {
        void vscode.window.showErrorMessage(messageOf(error));
        return undefined;
      }
    }),
  );
  const chat = vscode.commands.registerCommand('atomizer.chat.fill', (params: unknown) => panel.fillInput(messageIn(params)));
  return [...commands, chat, vscode.commands.registerCommand('atomizer.ask', (params: unknown) => panel.fillInput(messageIn(params)))];
}

function messageIn(params: unknown): string {
  if (typeof params === 'string') return params;
  if (typeof params === 'object' && params !== null && 'message' in params && typeof params.message === 'string') return params.message;
  return '';
}

function uriOf(params: unknown): vscode.Uri | null {
  if (typeof params !== 'object' || params === null || !('textDocument' in params)) return null;
  const { textDocument } = params as { textDocument?: { uri?: unknown } };
  return typeof textDocument?.uri === 'string' ? vscode.Uri.parse(textDocument.uri) : null;
}

function chatOf(chats: Chats, params: unknown): ReturnType<Chats['active']> {
  const uri = uriOf(params);
  return (uri === null ? null : chats.of(uri)) ?? chats.active();
}
