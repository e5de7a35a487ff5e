import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BRACKET, expect, test } from './fixtures';

test('an answer streams into the conversation', async ({ code, scenario }) => {
  await scenario({ turns: [[{ text: 'The **web** is thin.' }]] });
  const panel = await code.openChat();
  await code.ask('How is the web?');
  const log = panel.getByRole('log', { name: 'Conversation' });
  await expect(log).toContainText('How is the web?');
  await expect(log.locator('strong', { hasText: 'web' })).toBeVisible();
  await expect(panel.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
});

test('Stop ends a turn and keeps what was said', async ({ code, scenario }) => {
  await scenario({ turns: [[{ text: 'So far so good.' }, { hang: true }]] });
  const panel = await code.openChat();
  await code.ask('Go on for ever');
  const log = panel.getByRole('log', { name: 'Conversation' });
  await expect(log).toContainText('So far so good.');
  await panel.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(log).toContainText('Stopped');
  await expect(log).toContainText('So far so good.');
});

test('a change of a spec is told in words, shown as a diff and reverted', async ({ code, scenario, workspace }) => {
  const file = path.join(workspace, BRACKET);
  const before = await readFile(file, 'utf8');
  await scenario({ turns: [[{ edit: { path: file, old: '"max": 12.0', new: '"max": 14.0' } }, { text: 'Done.' }]] });
  await code.open(BRACKET);
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Raise the web to 14 mm');
  const log = panel.getByRole('log', { name: 'Conversation' });
  await expect(log).toContainText('web thickness: max 12 → 14 mm');
  await panel.getByRole('button', { name: 'Show diff' }).click();
  await expect(code.page.locator('.monaco-diff-editor')).toBeVisible();
  await panel.getByRole('button', { name: 'Revert', exact: true }).click();
  await expect(log).toContainText('Reverted');
  await expect.poll(async () => await readFile(file, 'utf8')).toBe(before);
});
