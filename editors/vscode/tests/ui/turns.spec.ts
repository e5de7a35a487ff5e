import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { languageServers } from '../support/codeServer.mjs';
import { BRACKET, expect, LOG, test } from './fixtures';

test('a question for permission is shown with the command and answered inline', async ({ code, scenario, workspace }) => {
  const made = path.join(workspace, 'made.txt');
  await scenario({ turns: [[{ bash: { command: `echo one > ${made}` } }, { text: 'Made.' }], [{ bash: { command: `rm ${made}` } }, { text: 'As you wish.' }]] });
  const panel = await code.openChat();
  await code.ask('Make a file');
  const log = panel.getByRole('log', LOG);
  await expect(log).toContainText(`echo one > ${made}`);
  await expect(code.page.locator('.statusbar-item', { hasText: 'Bash?' })).toBeVisible();
  await panel.getByRole('button', { name: 'Allow', exact: true }).click();
  await expect(log).toContainText('Made.');
  expect(await readFile(made, 'utf8')).toBe('one\n');
  await code.ask('Remove it');
  await panel.getByRole('button', { name: 'Deny', exact: true }).click();
  await expect(log).toContainText('As you wish.');
  await expect(log).toContainText('Denied: Bash');
  expect(await readFile(made, 'utf8')).toBe('one\n');
});

test('everything is there again after a reload of the window', async ({ code, scenario, workspace }) => {
  const file = path.join(workspace, BRACKET);
  await scenario({
    turns: [
      [
        { thinking: 'The web is thin.' },
        { text: 'First I look.' },
        { bash: { command: 'echo looked' } },
        { edit: { path: file, old: '"max": 12.0', new: '"max": 14.0' } },
        { text: 'It is 14 mm now. {"modification": {"action": "remove_node", "nodeId": "dv_002"}}' },
      ],
      [{ bash: { command: 'echo no' } }, { error: 'API Error: 529 overloaded' }],
    ],
  });
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Raise the web to 14 mm');
  await code.button('Allow').click();
  await expect(code.log).toContainText('It is 14 mm now.');
  await code.button('Revert').click();
  await expect(code.log).toContainText('Reverted.');
  await code.ask('And again');
  await code.button('Deny').click();
  await expect(code.log).toContainText('529');
  const seen = await code.log.innerText();
  await code.load();
  await code.openChat();
  await expect(code.log).toContainText('web thickness: max 12 → 14 mm');
  await expect.poll(async () => await code.log.innerText()).toBe(seen);
  for (const text of ['Thought', 'Allowed: Bash', 'Denied: Bash', 'tokens in', 'Reverted.', 'remove dv_002']) expect(seen).toContain(text);
  for (const name of ['Retry', 'Apply', 'Show diff']) await expect(code.button(name)).toBeVisible();
  await expect(panel.getByLabel('Mode', { exact: true })).toHaveValue('power');
});

test('a diff that is open follows what Claude changes next', async ({ code, scenario, workspace }) => {
  const [file, gate] = [path.join(workspace, BRACKET), path.join(workspace, 'gate')];
  const edits = [['"max": 12.0', '"max": 14.0'], ['"max": 14.0', '"max": 15.0']].map(([old, now]) => ({ edit: { path: file, old, new: now } }));
  await scenario({ turns: [[edits[0], { wait: gate }, edits[1], { text: 'Done.' }]] });
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Raise the web');
  await code.button('Show diff').click();
  const after = code.page.locator('.monaco-diff-editor .editor.modified');
  await expect(after).toContainText('14.0');
  await writeFile(gate, '');
  await expect(after).toContainText('15.0');
});

test('a question of a conversation that is not shown is told, listed, and led to', async ({ code, scenario, workspace }) => {
  const gate = path.join(workspace, 'gate');
  await scenario({ turns: [[{ text: 'Wait.' }, { wait: gate }, { bash: { command: 'echo hidden' } }, { text: 'Done.' }]] });
  await code.openChat();
  await code.ask('One');
  await expect(code.log).toContainText('Wait.');
  await code.button('New chat').click();
  await expect(code.log).not.toContainText('Wait.');
  await writeFile(gate, '');
  const toast = code.toasts.filter({ hasText: 'Claude asks to use Bash' });
  await expect(toast).toBeVisible();
  await expect(code.button('Allow')).toBeHidden();
  await code.page.locator('.statusbar-item', { hasText: 'Bash?' }).click();
  await expect(code.page.locator('.quick-input-list .monaco-list-row').first()).toContainText('Bash');
  await code.page.keyboard.press('Escape');
  await toast.getByRole('button', { name: 'Show' }).click();
  await expect(code.log).toContainText('echo hidden');
  await code.button('Allow').click();
  await expect(code.log).toContainText('Done.');
  await expect(code.panel.getByRole('textbox', { name: 'Message Claude' })).toBeFocused();
});

test('a turn that a reload cut off shows what it had, and can be continued', async ({ code, scenario }) => {
  await scenario({ turns: [[{ thinking: 'Where to begin?' }, { text: 'The first half.' }, { hang: true }]] });
  const panel = await code.openChat();
  await code.ask('Tell me all');
  await expect(panel.getByRole('log', LOG)).toContainText('The first half.');
  await code.load();
  await code.openChat();
  const log = panel.getByRole('log', LOG);
  await expect(log).toContainText('The first half.');
  await expect(log).toContainText('Interrupted');
  await expect(log.locator('.thinking')).toHaveCount(1);
  // The window's program is a new one and begins its script anew.
  await scenario({ turns: [[{ text: 'The second half.' }]] });
  await code.button('Continue').click();
  await expect(log).toContainText('The second half.');
});

test('a turn that the end of the server cut off is shown as interrupted, and can be continued', async ({ code, scenario, server }) => {
  await scenario({ turns: [[{ text: 'The first half.' }, { hang: true }]] });
  await code.openChat();
  await code.ask('Tell me all');
  await expect(code.log).toContainText('The first half.');
  await scenario({ turns: [[{ text: 'The second half.' }]] });
  for (const pid of await languageServers(server.home)) process.kill(pid, 'SIGKILL');
  await expect(code.log).toContainText('Interrupted');
  await expect(code.log).toContainText('The first half.');
  await code.button('Continue').click();
  await expect(code.log).toContainText('The second half.');
});

test('conversations can be found, renamed and opened again', async ({ code, scenario }) => {
  await scenario({ turns: [[{ text: 'Answer one.' }]] });
  const panel = await code.openChat();
  await code.ask('First subject');
  await expect(panel.getByRole('log', LOG)).toContainText('Answer one.');
  await panel.getByRole('button', { name: 'New chat', exact: true }).click();
  await expect(panel.getByRole('log', LOG)).not.toContainText('Answer one.');
  await panel.getByRole('button', { name: 'Conversations', exact: true }).click();
  await panel.getByRole('button', { name: 'Rename First subject' }).click();
  await panel.getByLabel('New name of First subject').fill('Renamed');
  await panel.getByLabel('New name of First subject').press('Enter');
  await panel.getByLabel('Search conversations').fill('renam');
  await panel.getByRole('button', { name: /^Renamed/ }).click();
  await expect(panel.getByRole('log', LOG)).toContainText('Answer one.');
});

test('a failed turn says what happened and can be tried again', async ({ code, scenario }) => {
  await scenario({ turns: [[{ error: 'API Error: 529 overloaded' }], [{ text: 'Better now.' }]] });
  const panel = await code.openChat();
  await code.ask('Hello');
  const log = panel.getByRole('log', LOG);
  await expect(log).toContainText('529');
  await panel.getByRole('button', { name: 'Retry' }).click();
  await expect(log).toContainText('Better now.');
});
