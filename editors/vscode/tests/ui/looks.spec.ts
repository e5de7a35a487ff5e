import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { extensionFolder } from '../support/codeServer.mjs';
import { BRACKET, expect, test } from './fixtures';

const THEMES = [
  ['light', 'Light Modern'],
  ['dark', 'Dark Modern'],
  ['high-contrast', 'Default High Contrast'],
  ['high-contrast-light', 'Default High Contrast Light'],
] as const;

interface Axe {
  run(context: unknown, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

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
    await code.theme(theme);
    await code.open(BRACKET);
    const panel = await code.openChat();
    await panel.getByLabel('Mode', { exact: true }).selectOption('power');
    await code.ask('Raise the web to 14 mm');
    await expect(panel.getByRole('log', { name: 'Conversation' })).toContainText('web thickness: max 12 → 14 mm');
    await expect(panel.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
    await code.ask('Run the solver');
    await expect(panel.getByRole('button', { name: 'Allow', exact: true })).toBeVisible();
    await code.page.screenshot({ path: path.join(extensionFolder, `test-results/screenshots/chat-${name}.png`) });
    const axe = await readFile(path.join(extensionFolder, 'node_modules/axe-core/axe.min.js'), 'utf8');
    await panel.locator('body').evaluate(axe);
    const found = await panel.locator('body').evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: Axe };
      const { violations } = await axe.run(document, { iframes: false });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`);
    });
    expect(found).toEqual([]);
    await panel.getByRole('button', { name: 'Deny', exact: true }).click();
  });
}
