/** Windows that are begun in a way of their own: restricted, with several folders, with the bundled server, two at once. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { builtPrograms, extensionFolder, makeWorkspace, repository, startCodeServer, testVsix } from '../support/codeServer.mjs';
import { startMessagesApi } from '../support/messagesApi.mjs';
import { BRACKET, Code, expect, test } from './fixtures';

test('in Restricted Mode specs are checked and Claude is off until the workspace is trusted; then its settings count', async ({ chromium: browser, workspace }) => {
  const quiet = { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.banner': 'never' };
  const server = await startCodeServer({ vsix: await testVsix(), trust: false, settings: { ...quiet, 'atomizer.claude.command': '/nonexistent/claude' } });
  try {
    await mkdir(path.join(workspace, '.vscode'));
    await writeFile(path.join(workspace, '.vscode/settings.json'), JSON.stringify({ 'atomizer.claude.command': builtPrograms().claude }));
    const file = path.join(workspace, BRACKET);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"max": 12.0', '"max": 1.0'));
    const code = new Code(await browser.newPage({ viewport: { width: 1400, height: 900 } }), server.window(workspace), workspace);
    await code.load();
    await code.open(BRACKET);
    await expect(code.page.getByRole('button', { name: /^Errors: [1-9]/ })).toBeVisible();
    const panel = await code.openChat();
    await expect(panel.getByRole('region', { name: 'Restricted mode' })).toBeVisible();
    await panel.getByRole('textbox', { name: 'Message Claude' }).fill('Hello');
    await expect(code.button('Send')).toBeDisabled();
    await code.button('Manage trust').click();
    await code.page.getByRole('button', { name: 'Trust', exact: true }).click();
    await code.page.getByRole('button', { name: /^Close Modal Editor/ }).click();
    await expect(panel.getByRole('region', { name: 'Restricted mode' })).toBeHidden();
    await code.ask('Hello');
    await expect(code.log).toContainText('You said: Hello');
    await code.page.close();
  } finally {
    await server.stop();
  }
});

test('npm run try opens VS Code with the extension and the example studies, and leaves nothing', async ({ chromium: browser }) => {
  const temporary = await mkdtemp(path.join(tmpdir(), 't-'));
  const child = spawn(process.execPath, ['scripts/try.mjs'], { cwd: extensionFolder, env: { ...process.env, CLAUDE: 'standin', TMPDIR: temporary } });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stdout.on('data', (data) => {
        said += String(data);
        const found = /^Open (\S+)$/m.exec(said);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
      child.once('exit', () => reject(new Error(`It ended by itself: ${said}`)));
    });
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const code = new Code(page, address, new URL(address).searchParams.get('folder') ?? '');
    await code.load();
    await code.open(BRACKET);
    await code.openChat();
    await code.ask('Hello');
    await expect(code.log).toContainText('You said: Hello');
    await page.close();
  } finally {
    child.kill('SIGINT');
  }
  expect(await ended).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
  await rm(temporary, { recursive: true });
});

test('each folder has its own conversations, and a message speaks of its own folder only', async ({ server, chromium: browser, workspace }) => {
  const other = path.join(path.dirname(workspace), 'other');
  const copy = await makeWorkspace('other');
  await rename(copy, other);
  await rm(path.dirname(copy), { recursive: true });
  const file = path.join(path.dirname(workspace), 'two.code-workspace');
  await writeFile(file, JSON.stringify({ folders: [{ path: workspace }, { path: other }] }));
  const code = new Code(await browser.newPage({ viewport: { width: 1400, height: 900 } }), `${server.url}/?workspace=${encodeURIComponent(file)}`, workspace);
  // This VS Code at times takes a workspace file for empty when it starts; loaded again it has its folders.
  await expect(async () => {
    await code.page.goto(code.url);
    await expect(code.page.locator('.explorer-folders-view')).toBeVisible({ timeout: 15_000 });
  }).toPass();
  await code.ready();
  const panel = await code.openChat();
  await expect(panel.getByRole('button', { name: 'Folder example, change' })).toBeVisible();
  await code.ask('To the first');
  await expect(code.log).toContainText('You said: To the first');
  await code.open(path.join(workspace, BRACKET));
  await expect(panel.locator('.chip')).toContainText('bracket_mass');
  await panel.getByRole('button', { name: 'Folder example, change' }).click();
  await code.page.locator('.quick-input-list .monaco-list-row', { hasText: other }).click();
  await expect(panel.getByRole('button', { name: 'Folder other, change' })).toBeVisible();
  await expect(code.log).not.toContainText('To the first');
  await expect(panel.locator('.chip')).toHaveCount(0);
  await code.page.close();
});

test('a VSIX for a platform brings its server', async ({ chromium: browser, workspace }) => {
  const folder = path.join(path.dirname(workspace), 'package');
  await mkdir(folder);
  // A script in the place of the program: as large as a debug build it would take minutes to pack.
  const program = path.join(folder, 'server.sh');
  await writeFile(program, `#!/bin/sh\nexec ${builtPrograms().server} "$@"\n`, { mode: 0o755 });
  const vsix = path.join(folder, 'bundled.vsix');
  await promisify(execFile)(process.execPath, ['scripts/package.mjs', '--target', 'linux-x64', '--server', program, '--out', vsix], { cwd: extensionFolder });
  await rm(path.join(extensionFolder, 'server'), { recursive: true });
  const server = await startCodeServer({ vsix, env: { ATOMIZER_LSP: '' } });
  try {
    const code = new Code(await browser.newPage({ viewport: { width: 1400, height: 900 } }), server.window(workspace), workspace);
    await code.load();
    await code.page.close();
  } finally {
    await server.stop();
  }
});

test('a server that dies while it starts is started again and said so', async ({ chromium: browser, workspace }) => {
  const [crashed, gate, program] = ['crashed', 'gate', 'server.sh'].map((name) => path.join(workspace, name)) as [string, string, string];
  await writeFile(program, `#!/bin/sh\n[ -e ${gate} ] || { touch ${crashed}; exit 3; }\nexec ${builtPrograms().server} "$@"\n`, { mode: 0o755 });
  const server = await startCodeServer({ vsix: await testVsix(), settings: { 'atomizer.server.path': program, 'atomizer.claude.command': builtPrograms().claude } });
  try {
    const code = new Code(await browser.newPage({ viewport: { width: 1400, height: 900 } }), server.window(workspace), workspace);
    await code.page.goto(code.url);
    const status = code.page.locator('.statusbar-item', { hasText: 'Atomizer' });
    await expect(status).toHaveAttribute('aria-label', /did not start and is tried again/);
    await writeFile(gate, '');
    await expect(status).toHaveAttribute('aria-label', /Ready/);
    await code.openChat();
    await code.ask('Hello');
    await expect(code.log).toContainText('You said: Hello');
    await code.page.close();
  } finally {
    await server.stop();
  }
});

test('the real claude reads and changes a spec, and its answer streams', async ({ chromium: browser, workspace }) => {
  const file = path.join(workspace, BRACKET);
  const api = await startMessagesApi([
    { tool: { name: 'Read', input: { file_path: file } } },
    { tool: { name: 'Edit', input: { file_path: file, old_string: '"max": 12.0', new_string: '"max": 14.0' } } },
    { text: 'The web may be **14 mm** thick now.' },
  ]);
  const home = path.join(path.dirname(workspace), 'home');
  await mkdir(home);
  const claude = path.join(repository, 'tests/parts/npm/node_modules/@anthropic-ai/claude-code-linux-x64/claude');
  const environment = {
    ...{ HOME: home, PATH: '/usr/bin:/bin', ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: 'dummy', CLAUDE_CODE_MAX_RETRIES: '1' },
    ...{ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1', DISABLE_ERROR_REPORTING: '1' },
  };
  const command = ['/usr/bin/env', '-i', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`), claude];
  const server = await startCodeServer({ vsix: await testVsix(), settings: { 'atomizer.claude.command': command } });
  try {
    const code = new Code(await browser.newPage({ viewport: { width: 1400, height: 900 } }), server.window(workspace), workspace);
    await code.load();
    await code.open(BRACKET);
    const panel = await code.openChat();
    await panel.getByLabel('Mode', { exact: true }).selectOption('power');
    await code.ask('Raise the web to 14 mm');
    await expect(code.log.locator('strong', { hasText: '14 mm' })).toBeVisible({ timeout: 60_000 });
    await expect(code.log).toContainText('web thickness: max 12 → 14 mm');
    expect(JSON.stringify(api.requests[0])).toContain('Raise the web to 14 mm');
    expect(await readFile(file, 'utf8')).toContain('"max": 14.0');
    await code.page.close();
  } finally {
    await server.stop();
    await api.stop();
  }
});
