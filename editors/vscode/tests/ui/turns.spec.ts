import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BRACKET, expect, test } from './fixtures';

const LOG = { name: 'Conversation' };

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
  await scenario({ turns: [[{ edit: { path: file, old: '"max": 12.0', new: '"max": 14.0' } }, { text: 'It is 14 mm now.' }]] });
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Raise the web to 14 mm');
  await expect(panel.getByRole('log', LOG)).toContainText('It is 14 mm now.');
  await code.load();
  await code.openChat();
  const log = panel.getByRole('log', LOG);
  await expect(log).toContainText('Raise the web to 14 mm');
  await expect(log).toContainText('It is 14 mm now.');
  await expect(log).toContainText('web thickness: max 12 → 14 mm');
  await expect(panel.getByLabel('Mode', { exact: true })).toHaveValue('power');
});

test('a turn that a reload cut off shows what it had, and can be continued', async ({ code, scenario }) => {
  await scenario({ turns: [[{ text: 'The first half.' }, { hang: true }]] });
  const panel = await code.openChat();
  await code.ask('Tell me all');
  await expect(panel.getByRole('log', LOG)).toContainText('The first half.');
  await code.load();
  await code.openChat();
  const log = panel.getByRole('log', LOG);
  await expect(log).toContainText('The first half.');
  await expect(log).toContainText(/Interrupted|Stopped/);
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
