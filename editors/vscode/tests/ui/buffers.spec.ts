/** Buffer and disk after a change by Claude where more than one window has a part: a reload, and two at once. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { BRACKET, Code, expect, test } from './fixtures';

const edit = (file: string): object => ({ edit: { path: file, old: '"max": 12.0', new: '"max": 14.0' } });

test('unsaved changes outlive a reload, and are merged with what Claude changes then', async ({ code, scenario, server, workspace }) => {
  const file = path.join(workspace, BRACKET);
  const text = await readFile(file, 'utf8');
  await scenario({ turns: [[edit(file), { text: 'Done.' }]] });
  await code.open(BRACKET);
  await code.typeOver(text, '5.0', '6.0');
  const dirty = code.page.locator('.tab.dirty');
  await expect(dirty).toBeVisible();
  await expect.poll(async () => await backedUp(server.data, '"baseline": 6.0')).toBe(true);
  await code.load();
  await expect(dirty).toBeVisible();
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Raise the web to 14 mm');
  await expect(code.log).toContainText('web thickness: max 12 → 14 mm');
  await expect(code.log).toContainText('Done.');
  await expect(dirty).toBeVisible();
  await code.command('File: Save All');
  await expect(dirty).toHaveCount(0);
  const merged = text.replace('5.0', '6.0').replace('"max": 12.0', '"max": 14.0');
  await expect.poll(async () => await readFile(file, 'utf8')).toBe(merged);
});

test('a second window on the folder shows the change, is clean, and follows when it is undone and saved', async ({ code, scenario, server, chromium: browser, workspace }) => {
  const file = path.join(workspace, BRACKET);
  const text = await readFile(file, 'utf8');
  await scenario({ turns: [[edit(file), { text: 'Done.' }]] });
  const second = new Code(await browser.newPage({ viewport: { width: 1400, height: 900 } }), server.window(workspace), workspace);
  await second.load();
  const line = text.slice(0, text.indexOf('"max": 12.0')).split('\n').length;
  for (const window of [code, second]) {
    await window.open(BRACKET);
    await window.goTo(line, 1);
  }
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Raise the web to 14 mm');
  await expect(code.log).toContainText('Done.');
  for (const { page } of [code, second]) {
    await expect(page.locator('.view-line', { hasText: '"max": 14.0' })).toBeVisible();
    await expect(page.locator('.tab.dirty')).toHaveCount(0);
  }
  await code.page.locator('.view-line', { hasText: '"max": 14.0' }).click();
  await code.page.keyboard.press('Control+Z');
  await expect(code.page.locator('.tab.dirty')).toBeVisible();
  await code.page.keyboard.press('Control+S');
  await expect(code.page.locator('.tab.dirty')).toHaveCount(0);
  await expect.poll(async () => await readFile(file, 'utf8')).toBe(text);
  await expect(second.page.locator('.view-line', { hasText: '"max": 12.0' })).toBeVisible();
  await expect(second.page.locator('.tab.dirty')).toHaveCount(0);
  await second.page.close();
});

/** Whether VS Code has put unsaved text aside, as it does some time after typing. */
async function backedUp(data: string, text: string): Promise<boolean> {
  const folder = path.join(data, 'User/Backups');
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile() && (await readFile(path.join(entry.parentPath, entry.name), 'utf8')).includes(text)) return true;
  }
  return false;
}
