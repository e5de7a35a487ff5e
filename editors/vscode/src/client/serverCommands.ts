/**
 * The server's own commands (`atomizer.study.validate`, …) as they stand in its code lenses and code actions.
 * Registered once for all folders and sent to the server of the folder that they are about.
 */
import * as vscode from 'vscode';
import type { Chats } from './chats';
import { messageOf } from './log';

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

export function registerServerCommands(chats: Chats): vscode.Disposable[] {
  return OPERATIONS.map((name) =>
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
