// Starts the real VS Code (code-server) with the extension, for tests and for `npm run try`.
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const extensionFolder = fileURLToPath(new URL('../..', import.meta.url));
export const repository = path.resolve(extensionFolder, '../..');
const parts = path.join(repository, 'tests/parts/vscode/node_modules');
const node = path.join(parts, '.bin/node');
const program = path.join(parts, 'code-server/out/node/entry.js');

/** Quiet, and nothing that reaches out; what a test needs comes on top. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
  'git.enabled': false,
  'chat.disableAIFeatures': true,
  'window.restoreWindows': 'none',
  'files.autoSave': 'off',
};

/** Where the language server and the stand-in for claude were built. */
export function builtPrograms() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(repository, 'target');
  return {
    server: process.env.ATOMIZER_LSP ?? path.join(target, 'debug/atomizer-lsp'),
    claude: path.join(target, 'debug/examples/claude-standin'),
  };
}

/** A fresh copy of the example studies. */
export async function makeWorkspace(name = 'example') {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'atomizer-vscode-')), name);
  await cp(path.join(repository, 'examples'), folder, { recursive: true });
  return folder;
}

export async function freePort() {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * @param {{ vsix?: string, settings?: object, env?: Record<string, string>, port?: number, args?: string[], trust?: boolean }} options
 */
export async function startCodeServer(options = {}) {
  const home = await mkdtemp(path.join(tmpdir(), 'atomizer-code-'));
  const port = options.port ?? (await freePort());
  const data = path.join(home, 'data');
  const extensions = path.join(home, 'extensions');
  const temporary = path.join(home, 'tmp');
  for (const folder of [extensions, temporary]) await mkdir(folder, { recursive: true });
  // Those that name programs of the machine are its own where the editor is a browser; VS Code reads the user's late.
  for (const place of ['User', 'Machine']) {
    await mkdir(path.join(data, place), { recursive: true });
    await writeFile(path.join(data, place, 'settings.json'), JSON.stringify({ ...SETTINGS, ...options.settings }));
  }
  await writeFile(path.join(home, 'config.yaml'), '');
  const env = {
    PATH: `${path.join(parts, '.bin')}:${process.env.PATH}`,
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'share'),
    XDG_CACHE_HOME: path.join(home, 'cache'),
    // VS Code leaves its sockets there; a socket's path has 107 bytes at most.
    XDG_RUNTIME_DIR: home,
    TMPDIR: temporary,
    EXTENSIONS_GALLERY: '{}',
    LANG: 'C.UTF-8',
    ATOMIZER_LSP: builtPrograms().server,
    ...(process.env.ATOMIZER_TEST_RUN === undefined ? {} : { ATOMIZER_TEST_RUN: process.env.ATOMIZER_TEST_RUN }),
    ...options.env,
  };
  const common = [program, '--config', path.join(home, 'config.yaml'), '--user-data-dir', data, '--extensions-dir', extensions];
  if (options.vsix !== undefined) {
    const done = spawnSync(node, [...common, '--install-extension', options.vsix], { env, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`The extension was not installed:\n${done.stdout}\n${done.stderr}`);
  }
  const quiet = ['--auth', 'none', '--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', '--disable-proxy'];
  const trust = options.trust === false ? [] : ['--disable-workspace-trust'];
  const child = spawn(node, [...common, '--bind-addr', `127.0.0.1:${port}`, ...quiet, ...trust, ...(options.args ?? [])], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (log += data));
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child, () => log);
  return {
    url,
    port,
    home,
    data,
    /** The address of a window on a folder. */
    window: (folder) => `${url}/?folder=${encodeURIComponent(folder)}`,
    log: () => log,
    async stop() {
      await endGroup(child);
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** The VSIX that was packaged last, without a server in it. */
export async function testVsix() {
  const folder = path.join(extensionFolder, 'dist-tests');
  const found = (await readdir(folder)).find((name) => name.endsWith('.vsix'));
  if (found === undefined) throw new Error('Package first: npm run package:test');
  return path.join(folder, found);
}

/** Process ids of the language servers that belong to the code-server with this home. */
export async function languageServers(home) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      const [program] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
      const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
      if (program === builtPrograms().server && environment.includes(`HOME=${home}`)) found.push(Number(pid));
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return found;
}

async function ready(url, child, log) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`code-server ended:\n${log()}`);
    try {
      if ((await fetch(`${url}/healthz`)).ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > deadline) throw new Error(`code-server did not start:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function endGroup(child) {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 8000);
  await ended;
  clearTimeout(timer);
}
