import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, open, specUri, until } from './support';

const activeAtFirst = vscode.extensions.getExtension('atomizer.atomizer-lsp')?.isActive;

const NAMED = ['openChat', 'newChat', 'stop', 'switchMode', 'selectStudy', 'validateStudy', 'revertTurn', 'showConversations', 'restartServer'];

describe('the server and the commands', () => {
  it('every named command is there', async () => {
    await api();
    const all = await vscode.commands.getCommands(true);
    for (const name of NAMED) assert.ok(all.includes(`atomizer.${name}`), name);
  });

  it('a folder with studies/ is what activates the extension', () => {
    // Before any test has asked for it.
    assert.equal(activeAtFirst, true);
  });

  it('a message speaks of the spec that is open, also while another view is in front, until it is closed', async () => {
    const { chats } = await api();
    const folder = chats.active()?.folder;
    assert.ok(folder !== undefined);
    await open();
    await vscode.commands.executeCommand('atomizer.openChatInEditor');
    await until('the chat is in front', () => vscode.window.activeTextEditor === undefined, vscode.window.onDidChangeActiveTextEditor);
    assert.deepEqual(chats.context.params(folder), { textDocument: { uri: specUri().toString() } });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await until('it is closed', () => chats.context.spec(folder) === null, chats.context.onDidChange);
  });

  it('the status bar says that it is ready', async () => {
    const { status, chats } = await api();
    await until('it is idle', () => chats.active()?.activity.kind !== 'running', chats.onDidChange);
    assert.match(status.text, /Atomizer/);
  });

  it('a server that was killed is started again and answers', async () => {
    const { folders } = await api();
    const folder = folders.active();
    const former = folder?.processId;
    assert.ok(folder !== null && former !== undefined);
    const again = new Promise<void>((resolve) => {
      const listening = folder.onDidStart(() => {
        listening.dispose();
        resolve();
      });
    });
    process.kill(former, 'SIGKILL');
    await again;
    assert.notEqual(folder.processId, former);
    const studies = await folder.request('atomizer/study/list', {});
    assert.ok(studies.some(({ studyId }) => studyId === 'bracket_mass'));
  });

  it('restarts on command', async () => {
    const { folders } = await api();
    await vscode.commands.executeCommand('atomizer.restartServer');
    await until('it runs', () => folders.active()?.state === 'running', folders.onDidChange);
  });

  it('the mode can be switched and is kept for the next message', async () => {
    const { chats } = await api();
    chats.active()?.newChat();
    await vscode.commands.executeCommand('atomizer.switchMode', 'power');
    assert.equal(chats.active()?.mode, 'power');
    await vscode.commands.executeCommand('atomizer.switchMode', 'user');
    assert.equal(chats.active()?.mode, 'user');
  });
});
