/** Runs the mocha suite inside the extension host of the real VS Code and hands its tests on, one by one. */
import { chromium, expect, test } from '@playwright/test';
import { build } from 'esbuild';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { launchOptions } from '../support/browser.mjs';
import { builtPrograms, extensionFolder, makeWorkspace, startCodeServer } from '../support/codeServer.mjs';

interface Outcome {
  title: string;
  error: string | null;
}

test('every test of the extension host passes', async () => {
  const suite = path.join(extensionFolder, 'dist-tests/host.cjs');
  await build({
    entryPoints: [path.join(extensionFolder, 'tests/host/suite/index.ts')],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  const workspace = await makeWorkspace();
  const scenario = path.join(path.dirname(workspace), 'scenario.json');
  await writeFile(scenario, '{}');
  const server = await startCodeServer({
    settings: { 'atomizer.claude.command': builtPrograms().claude },
    // HOST_GREP runs only the tests that it fits.
    env: { CLAUDE_STANDIN: scenario, ...(process.env['HOST_GREP'] === undefined ? {} : { HOST_GREP: process.env['HOST_GREP'] }) },
    args: ['--vscode-option', 'enable-smoke-test-driver'],
  });
  const browser = await chromium.launch(launchOptions);
  const outcomes: Outcome[] = [];
  const log: string[] = [];
  try {
    const page = await browser.newPage();
    const ended = new Promise<number>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
    });
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
      for (const line of args.map(String).join(' ').split('\n')) {
        const found = /^OUTCOME (.*)$/.exec(line);
        if (found?.[1] !== undefined) outcomes.push(JSON.parse(found[1]) as Outcome);
        else log.push(line);
      }
    });
    const remote = (file: string): string => `vscode-remote://127.0.0.1:${server.port}${file}`;
    const payload = [
      ['extensionDevelopmentPath', remote(extensionFolder.replace(/\/$/, ''))],
      ['extensionTestsPath', remote(suite)],
    ];
    await page.goto(`${server.window(workspace)}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
    const code = await ended;
    for (const { title, error } of outcomes) {
      await test.step(title, () => expect.soft(error, title).toBeNull());
    }
    // Each is counted by scripts/count.mjs.
    const failed = outcomes.filter(({ error }) => error !== null).length;
    test.info().annotations.push({ type: 'passed', description: String(outcomes.length - failed) }, { type: 'failed', description: String(failed) });
    expect(code, log.join('\n')).toBe(0);
    expect(outcomes.length).toBeGreaterThan(0);
  } finally {
    for (const { title, error } of outcomes) console.log(error === null ? `  ok ${title}` : `  FAILED ${title}\n${error}`);
    await browser.close();
    await server.stop();
    await rm(path.dirname(workspace), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
});
