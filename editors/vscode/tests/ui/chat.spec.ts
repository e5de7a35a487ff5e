import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BRACKET, GIMBAL, expect, test } from './fixtures';

test('an answer streams into the conversation', async ({ code, scenario, workspace }) => {
  const gate = path.join(workspace, 'gate');
  await scenario({ turns: [[{ text: 'The **web** is' }, { wait: gate }, { text: 'thin enough.' }]] });
  const panel = await code.openChat();
  await code.ask('How is the web?');
  const log = panel.getByRole('log', { name: 'Conversation' });
  await expect(log).toContainText('How is the web?');
  await expect(log.locator('strong', { hasText: 'web' })).toBeVisible();
  await expect(code.button('Stop')).toBeVisible();
  await expect(log).not.toContainText('thin enough.');
  await writeFile(gate, '');
  await expect(log).toContainText('thin enough.');
  await expect(code.button('Send')).toBeVisible();
});

test('Stop ends a turn that Claude has not begun to answer', async ({ code, scenario, workspace }) => {
  const gate = path.join(workspace, 'gate');
  await scenario({ start: [{ wait: gate }], turns: [[{ text: 'Too late.' }]] });
  await code.openChat();
  await code.ask('Quick');
  await code.button('Stop').click();
  await expect(code.log).toContainText('Stopped');
  await expect(code.button('Send')).toBeVisible();
  await writeFile(gate, '');
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

test('what Claude offers for the canvas goes to the study that its turn was about', async ({ code, scenario, workspace }) => {
  const [bracket, gimbal] = [BRACKET, GIMBAL].map((file) => path.join(workspace, file)) as [string, string];
  await scenario({ turns: [[{ text: 'See {"modification": {"action": "remove_node", "nodeId": "dv_002"}}.' }]] });
  await code.open(BRACKET);
  const panel = await code.openChat();
  await code.ask('Remove the flange');
  await expect(code.button('Apply')).toBeVisible();
  await code.open(GIMBAL);
  await expect(panel.locator('.chip').first()).toContainText('gimbal_arm');
  await code.button('Apply').click();
  await expect(code.log).toContainText('Applied.');
  await code.command('File: Save All');
  const has = async (file: string): Promise<boolean> => (await readFile(file, 'utf8')).includes('"dv_002"');
  await expect.poll(async () => await has(bracket)).toBe(false);
  expect(await has(gimbal)).toBe(true);
});

for (const setting of ['auto', 'off'] as const) {
  test(`canvas modifications with the setting ${setting} are ${setting === 'auto' ? 'applied at once' : 'left alone'}, and said so`, async ({ code, scenario, workspace }) => {
    await scenario({ turns: [[{ text: 'See {"modification": {"action": "remove_node", "nodeId": "dv_002"}}.' }]] });
    await code.settings({ 'atomizer.canvas.applyModifications': setting });
    await code.open(BRACKET);
    await code.openChat();
    await code.ask('Remove the flange');
    await expect(code.log).toContainText(setting === 'auto' ? 'Applied without asking' : 'Left alone');
    await expect(code.button('Apply')).toBeHidden();
    await code.command('File: Save All');
    await expect.poll(async () => (await readFile(path.join(workspace, BRACKET), 'utf8')).includes('"dv_002"')).toBe(setting === 'off');
  });
}

test('files dropped on the chat add their paths to the input', async ({ code, workspace }) => {
  const files = [BRACKET, GIMBAL].map((file) => path.join(workspace, file));
  const panel = await code.openChat();
  const input = panel.getByRole('textbox', { name: 'Message Claude' });
  await input.fill('Compare');
  // As VS Code's explorer gives them in the browser: addresses of the machine that the files are on.
  const list = files.map((file) => `vscode-remote://127.0.0.1${file}`).join('\r\n');
  const accepted = await input.evaluate((element, uris) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/uri-list', uris);
    const options = { dataTransfer, bubbles: true, cancelable: true };
    // A page takes a drop only where it has refused what the browser does by itself.
    return [new DragEvent('dragover', options), new DragEvent('drop', options)].map((event) => !element.dispatchEvent(event));
  }, list);
  expect(accepted).toEqual([true, true]);
  await expect(input).toHaveValue(`Compare ${files.join(' ')} `);
});

test('problems that Claude brings into any spec are shown, and offered to be fixed as the setting says', async ({ code, scenario, workspace }) => {
  const file = path.join(workspace, GIMBAL);
  const max = /"max": [\d.]+/.exec(await readFile(file, 'utf8'))?.[0];
  await scenario({ turns: [[{ edit: { path: file, old: max, new: '"max": -99999.0' } }, { text: 'Done.' }], [{ text: 'Mended.' }]] });
  await code.open(BRACKET);
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Break the gimbal');
  await expect(code.log).toContainText('bounds-inverted');
  await code.settings({ 'atomizer.chat.fixIntroducedErrors': 'off' });
  await code.openChat();
  await expect(code.log).toContainText('bounds-inverted');
  await expect(code.button('Let Claude fix')).toBeHidden();
  await code.settings({});
  await code.openChat();
  await code.button('Let Claude fix').click();
  await expect(code.log).toContainText('Please fix them, and nothing else');
});

test('a turn with which the server has Claude mend what it broke is shown, too', async ({ code, scenario, workspace }) => {
  const file = path.join(workspace, BRACKET);
  const broken = '"max": -9.0';
  await scenario({
    turns: [
      [{ edit: { path: file, old: '"max": 12.0', new: broken } }, { text: 'Done.' }],
      [{ bash: { command: 'echo mending' } }, { edit: { path: file, old: broken, new: '"max": 12.0' } }, { text: 'Mended.' }],
    ],
  });
  await code.settings({ 'atomizer.chat.fixIntroducedErrors': 'auto' });
  const panel = await code.openChat();
  await panel.getByLabel('Mode', { exact: true }).selectOption('power');
  await code.ask('Break it');
  await expect(code.log).toContainText('which Claude is asked to fix');
  await expect(code.button('Let Claude fix')).toBeHidden();
  // Its question belongs to no message of ours, and can be answered all the same.
  await expect(code.log).toContainText('echo mending');
  await code.button('Allow').click();
  await expect(code.log).toContainText('Mended.');
});

test('a conversation of ten thousand lines streams and scrolls, drawn only where it is seen, and takes every key', async ({ code, scenario, workspace }) => {
  const gate = path.join(workspace, 'gate');
  const lines = (count: number, line: (index: number) => string): string => Array.from({ length: count }, (_, index) => line(index)).join('\n');
  const answer = [lines(4000, (index) => `Line ${index}.`), '```python', lines(4000, (index) => `x = ${index}`), '```', '', lines(2000, (index) => `- item ${index}`)].join('\n');
  await scenario({ turns: [[{ text: 'It begins.' }, { wait: gate }, { text: `\n\n${answer}\n\nThe end.` }]] });
  const panel = await code.openChat();
  await code.ask('Tell me all');
  await expect(code.log).toContainText('It begins.');
  await writeFile(gate, '');
  const typed = 'the quick brown fox jumps over the lazy dog, '.repeat(3);
  await panel.getByRole('textbox', { name: 'Message Claude' }).pressSequentially(typed, { delay: 10 });
  await expect(panel.getByRole('textbox', { name: 'Message Claude' })).toHaveValue(typed);
  await expect(code.log).toContainText('The end.');
  const drawn = async (): Promise<number> => (await code.log.innerText()).split('\n').length + (await code.log.locator('li').count());
  expect(await drawn()).toBeLessThan(4000);
  await code.log.evaluate((log) => {
    log.scrollTop = log.scrollHeight / 2;
  });
  await expect(code.log).not.toContainText('The end.');
  await expect(code.log).toContainText(/x = \d+/);
  expect(await drawn()).toBeLessThan(4000);
});

test('the lens of a spec fills the input', async ({ code }) => {
  await code.open(BRACKET);
  await code.page.locator('.codelens-decoration a', { hasText: 'Ask Claude' }).first().click();
  await expect(code.panel.getByRole('textbox', { name: 'Message Claude' })).not.toHaveValue('');
});

test('the chat in an editor tab speaks of the spec beside it', async ({ code }) => {
  await code.open(BRACKET);
  await code.command('Atomizer: Open Chat in an Editor Tab');
  const input = code.tab.getByRole('textbox', { name: 'Message Claude' });
  await input.click();
  await expect(code.tab.locator('.chip')).toContainText('bracket_mass');
  await input.pressSequentially('@web');
  await expect(code.tab.getByRole('option', { name: /web thickness/ }).first()).toBeVisible();
  await input.fill('@GIMBAL_ARM/');
  await expect(code.tab.getByRole('option', { name: /gimbal_arm\/1_setup\/atomizer_spec\.json/ })).toBeVisible();
});
