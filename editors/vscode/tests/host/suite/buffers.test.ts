import * as assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Conflict } from '../../../src/shared/protocol';
import { api, cleanUp, disk, open, replaceInEditor, specUri, turn, undoTo, until } from './support';

const OLD = '"max": 12.0';
const NEW = '"max": 14.0';
const changed = vscode.workspace.onDidChangeTextDocument;

describe('buffer and disk after a change by Claude', () => {
  const texts = new Map<vscode.Uri, string>();
  let former = '';

  before(async () => {
    await api();
    former = await disk();
    texts.set(specUri(), former);
  });
  afterEach(async () => {
    await vscode.workspace.getConfiguration('files').update('autoSave', undefined, vscode.ConfigurationTarget.Workspace);
    await cleanUp(texts);
  });

  const edit = (): object => ({ edit: { path: specUri().fsPath, old: OLD, new: NEW } });

  async function save(document: vscode.TextDocument): Promise<void> {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.files.save');
    assert.equal(document.isDirty, false, 'saved without "file is newer"');
    assert.equal(await disk(), document.getText());
  }

  async function undoAndSave(document: vscode.TextDocument): Promise<void> {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('undo');
    await until('undo brings the former text', () => document.getText() === former, changed);
    await save(document);
  }

  async function autoSave(value: string): Promise<void> {
    await vscode.workspace.getConfiguration('files').update('autoSave', value, vscode.ConfigurationTarget.Workspace);
  }

  it('an untouched document shows it, is not dirty, and undo and save work', async () => {
    const { document } = await open();
    await turn([edit(), { text: 'Done.' }]);
    await until('the change is shown', () => document.getText().includes(NEW), changed);
    await until('the tab is clean', () => !document.isDirty, changed, vscode.workspace.onDidSaveTextDocument);
    assert.equal(document.getText(), await disk());
    await undoAndSave(document);
  });

  it('a document in a background tab shows it, is not dirty, and undo and save work', async () => {
    const { document } = await open();
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: 'in front' }));
    await turn([edit(), { text: 'Done.' }]);
    await until('the change is shown', () => document.getText().includes(NEW), changed);
    await vscode.window.showTextDocument(document);
    await until('the tab is clean', () => !document.isDirty, changed);
    await undoAndSave(document);
  });

  it('several changes in one turn leave the document clean', async () => {
    const { document } = await open();
    const more = { edit: { path: specUri().fsPath, old: NEW, new: '"max": 15.0' } };
    await turn([edit(), more, { text: 'Done.' }]);
    await until('the last change is shown', () => document.getText().includes('"max": 15.0'), changed);
    await until('the tab is clean', () => !document.isDirty, changed);
    assert.equal(document.getText(), await disk());
  });

  for (const mode of ['off', 'onFocusChange']) {
    it(`unsaved changes are merged, stay dirty, can be saved, and undone: auto-save ${mode}`, async () => {
      await autoSave(mode);
      const editor = await open();
      await replaceInEditor(editor, '"baseline": 5.0', '"baseline": 6.0');
      await turn([edit(), { text: 'Done.' }]);
      const { document } = editor;
      await until('both changes are shown', () => document.getText().includes(NEW) && document.getText().includes('"baseline": 6.0'), changed);
      await (await api()).specDocuments.whenSettled();
      assert.equal(document.isDirty, true);
      await save(document);
      const text = await disk();
      assert.ok(text.includes(NEW) && text.includes('"baseline": 6.0'));
      await undoTo(document, former);
      await save(document);
    });
  }

  it('with auto-save on nothing is asked and nothing is lost', async () => {
    await autoSave('afterDelay');
    const editor = await open();
    await turn([edit(), { text: 'Done.' }]);
    await until('the change is shown', () => editor.document.getText().includes(NEW), changed);
    // That it is dirty is told after the text; a save is told when it is done.
    let saved = false;
    const listening = vscode.workspace.onDidSaveTextDocument(() => (saved = true));
    await replaceInEditor(editor, '"baseline": 5.0', '"baseline": 6.0');
    await until('it is saved by itself', () => saved, vscode.workspace.onDidSaveTextDocument);
    listening.dispose();
    const text = await disk();
    assert.ok(text.includes(NEW) && text.includes('"baseline": 6.0'));
  });

  it('with auto-save on a change that is undone is saved by itself', async () => {
    await autoSave('afterDelay');
    const { document } = await open();
    await turn([edit(), { text: 'Done.' }]);
    await until('the change is shown', () => document.getText().includes(NEW), changed);
    await undoTo(document, former);
    await until('it is saved by itself', () => !document.isDirty, vscode.workspace.onDidSaveTextDocument);
    assert.equal(await disk(), former);
  });

  for (const unsaved of [false, true]) {
    it(`what is typed while VS Code reads the file that Claude changed is not lost: ${unsaved ? 'unsaved changes' : 'untouched'}`, async () => {
      const { specDocuments } = await api();
      const editor = await open();
      const { document } = editor;
      const lost: number[] = [];
      // The moment that matters is short and no event marks it: the key comes a little later in each round.
      for (let round = 0; round < 12; round += 1) {
        const text = document.getText();
        if (unsaved) await replaceInEditor(editor, '"baseline": 5.0', '"baseline": 6.0');
        const max = /"max": \d+\.0/.exec(text)?.[0] ?? '';
        const now = `"max": ${20 + round}.0`;
        await writeFile(specUri().fsPath, text.replace(max, now));
        const range = { start: document.positionAt(text.indexOf(max)), end: document.positionAt(text.indexOf(max) + max.length) };
        const change = { textDocument: { uri: specUri().toString(), version: document.version }, edits: [{ range, newText: now }] };
        const brought = unsaved ? specDocuments.afterUpdate(specUri()) : specDocuments.applyEdit({ edit: { documentChanges: [change] } }, () => Promise.resolve({ applied: false }));
        await new Promise((resolve) => setTimeout(resolve, round));
        const typed = await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), 'x'));
        await brought;
        await specDocuments.whenSettled();
        if (typed && !document.getText().startsWith('x')) lost.push(round);
        await vscode.commands.executeCommand('workbench.action.files.revert');
      }
      assert.deepEqual(lost, []);
    });
  }

  for (const take of ['mine', 'theirs'] as const) {
    it(`where both changed the same place mine stays until the user decides: ${take}`, async () => {
      const { chats, specDocuments } = await api();
      const editor = await open();
      const { document } = editor;
      const mine = '"max": 13.0';
      await replaceInEditor(editor, OLD, mine);
      const told: Conflict[] = [];
      // Perhaps told when the turn is over already.
      const listening = chats.onTell((message) => {
        if (message.type === 'conflicts') told.push(...message.conflicts);
      });
      await turn([edit(), { text: 'Done.' }]);
      await until('the conflict is told', () => told.length > 0, chats.onTell);
      listening.dispose();
      await specDocuments.whenSettled();
      assert.ok(document.getText().includes(mine));
      assert.equal(document.isDirty, true);
      await chats.active()?.resolve(told[0]?.conflictId ?? '', take);
      await until('the choice is shown', () => document.getText().includes(take === 'mine' ? mine : NEW), changed);
      await specDocuments.whenSettled();
      await save(document);
      assert.ok((await disk()).includes(take === 'mine' ? mine : NEW));
    });
  }

  it('a spec that is not open changes on disk only', async () => {
    await turn([edit(), { text: 'Done.' }]);
    assert.ok((await disk()).includes(NEW));
    assert.ok(!vscode.workspace.textDocuments.some((document) => document.isDirty));
  });
});
