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
  await node.focus();
  await code.page.keyboard.press('Enter');
  for (let step = 0; step < 4; step += 1) await code.page.keyboard.press('ArrowDown');
  await expect(code.page.locator('.tab.dirty').first()).toBeVisible();
  await code.command('File: Save All');
  const position = async (): Promise<unknown> => {
    const spec = JSON.parse(await readFile(path.join(workspace, BRACKET), 'utf8')) as { design_variables: { canvas_position: unknown }[] };
    return spec.design_variables[0]?.canvas_position;
  };
  await expect.poll(position).not.toEqual({ x: 50, y: 80 });
});
