import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { extensionFolder } from '../support/codeServer.mjs';
import { BRACKET, expect, test } from './fixtures';

test('a node moved on the canvas is moved in the text', async ({ code, workspace }) => {
  await code.open(BRACKET);
  await code.command('Atomizer: Open Canvas');
  const canvas = code.tab;
  const node = canvas.locator('.react-flow__node', { hasText: 'web thickness' });
  await expect(node).toBeVisible();
  await code.page.screenshot({ path: path.join(extensionFolder, 'test-results/screenshots/canvas.png') });
  // VS Code may take the focus once more for the editor that it has just opened, and the keys with it.
  await expect(async () => {
    await node.focus();
    await code.page.keyboard.press('Enter');
    await expect(node).toHaveClass(/selected/, { timeout: 2000 });
    for (let step = 0; step < 4; step += 1) await code.page.keyboard.press('ArrowDown');
    await expect(code.page.locator('.tab.dirty').first()).toBeVisible({ timeout: 5000 });
  }).toPass({ timeout: 60_000 });
  await code.command('File: Save All');
  const moved = async (): Promise<boolean> => {
    const text = await readFile(path.join(workspace, BRACKET), 'utf8');
    // VS Code empties a file before it writes it.
    if (text === '') return false;
    const spec = JSON.parse(text) as { design_variables: { canvas_position: { x: number; y: number } }[] };
    const position = spec.design_variables[0]?.canvas_position;
    return position?.x !== 50 || position.y !== 80;
  };
  await expect.poll(moved).toBe(true);
});
