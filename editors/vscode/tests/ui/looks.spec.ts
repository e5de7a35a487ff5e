import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { extensionFolder } from '../support/codeServer.mjs';
import { BRACKET, expect, test, violations } from './fixtures';

const THEMES = [
  ['light', 'Light Modern'],
  ['dark', 'Dark Modern'],
  ['high-contrast', 'Default High Contrast'],
  ['high-contrast-light', 'Default High Contrast Light'],
] as const;

for (const [name, theme] of THEMES) {
  test(`the panel is accessible and looked at: ${name}`, async ({ code, scenario, workspace }) => {
    const file = path.join(workspace, BRACKET);
    const answer = 'Raised to **14 mm**, see `design_variables`.\n\n```json\n{ "max": 14.0 }\n```\n\n- one\n- two';
    await scenario({
      turns: [
        [{ thinking: 'The web is thin.' }, { edit: { path: file, old: '"max": 12.0', new: '"max": 14.0' } }, { text: answer }],
        [{ bash: { command: 'nastran bracket_sim1.dat' } }],
      ],
    });
    await code.settings({ 'workbench.colorTheme': theme });
    await code.open(BRACKET);
    const panel = await code.openChat();
    await panel.getByLabel('Mode', { exact: true }).selectOption('power');
    await code.ask('Raise the web to 14 mm');
    await expect(panel.getByRole('log', { name: 'Conversation' })).toContainText('web thickness: max 12 → 14 mm');
    await expect(panel.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
    await code.ask('Run the solver');
    await expect(panel.getByRole('button', { name: 'Allow', exact: true })).toBeVisible();
    await code.page.screenshot({ path: path.join(extensionFolder, `test-results/screenshots/chat-${name}.png`) });
    expect(await violations(panel)).toEqual([]);
    await panel.getByRole('button', { name: 'Deny', exact: true }).click();
  });
}

test('every other state of the panel, and the canvas, are accessible', async ({ code, scenario, workspace }) => {
  const file = path.join(workspace, BRACKET);
  await scenario({
    turns: [
      [{ edit: { path: file, old: '"max": 12.0', new: '"max": 14.0' } }, { text: 'See {"modification": {"action": "remove_node", "nodeId": "dv_002"}}.' }],
      [{ error: 'API Error: 529 overloaded' }],
    ],
  });
  await code.open(BRACKET);
  await code.typeOver(await readFile(file, 'utf8'), '12.0', '13.0');
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  const accessible = async (state: string): Promise<void> => expect(await violations(panel), state).toEqual([]);

  await panel.getByRole('textbox', { name: 'Message Claude' }).fill('@web');
  await expect(panel.getByRole('option', { name: /web thickness/ }).first()).toBeVisible();
  await accessible('completions');

  await code.ask('Raise the web to 14 mm');
  await expect(code.button('Apply')).toBeVisible();
  await expect(code.button('Keep mine')).toBeVisible();
  await accessible('conflict and canvas modification');
  await code.button("Take Claude's").click();
  await expect(code.button('Keep mine')).toBeHidden();

  await code.ask('Fail');
  await expect(code.button('Retry')).toBeVisible();
  await accessible('error');
  await code.button('Conversations').click();
  await expect(panel.getByLabel('Search conversations')).toBeFocused();
  await accessible('conversations');

  await code.command('Atomizer: Open Canvas');
  await expect(code.tab.locator('.react-flow__node').first()).toBeVisible();
  expect(await violations(code.tab), 'canvas').toEqual([]);
});
