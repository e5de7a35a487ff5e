/** A window of the real VS Code on a fresh copy of the example studies, with the stand-in for claude. */
import { test as base, chromium, expect, type Browser, type FrameLocator, type Page } from '@playwright/test';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { launchOptions } from '../support/browser.mjs';
import { builtPrograms, makeWorkspace, startCodeServer, testVsix, type CodeServer } from '../support/codeServer.mjs';

export { expect };
export const BRACKET = 'studies/bracket_mass/1_setup/atomizer_spec.json';

interface Shared {
  server: CodeServer;
  chromium: Browser;
}

interface Each {
  workspace: string;
  /** What claude does next; must be told before the first message. */
  scenario: (scenario: object) => Promise<void>;
  code: Code;
}

export class Code {
  constructor(
    readonly page: Page,
    readonly url: string,
    readonly workspace: string,
  ) {}

  async load(): Promise<void> {
    await this.page.goto(this.url);
    await this.page.locator('.monaco-workbench').waitFor();
    // The commands are offered from when the extension is known.
    await this.page.locator('.statusbar-item', { hasText: /Atomizer$/ }).waitFor();
  }

  /** Runs a command by its title. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().click();
  }

  /** Opens a file of the workspace by its name. */
  async open(file: string): Promise<void> {
    await this.page.keyboard.press('Control+P');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(file);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: path.basename(file) }).first().click();
    await this.page.locator('.monaco-editor .view-line').first().waitFor();
  }

  /** Changes the colour theme for this window's folder. */
  async theme(name: string): Promise<void> {
    const folder = path.join(this.workspace, '.vscode');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'settings.json'), JSON.stringify({ 'workbench.colorTheme': name }));
    await this.load();
  }

  get panel(): FrameLocator {
    return this.page.frameLocator('iframe.webview[src*="extensionId=atomizer.atomizer-lsp"]').frameLocator('iframe#active-frame');
  }

  async openChat(): Promise<FrameLocator> {
    await this.command('Atomizer: Open Chat');
    await this.panel.getByRole('textbox', { name: 'Message Claude' }).waitFor();
    return this.panel;
  }

  async ask(message: string): Promise<void> {
    const input = this.panel.getByRole('textbox', { name: 'Message Claude' });
    await input.fill(message);
    const send = this.panel.getByRole('button', { name: 'Send', exact: true });
    await expect(send).toBeEnabled();
    await send.click();
  }
}

export const test = base.extend<Each, Shared>({
  chromium: [
    async ({}, use) => {
      const browser = await chromium.launch(launchOptions);
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({}, use) => {
      const scenario = `${await makeWorkspace('scenario')}.json`;
      await writeFile(scenario, '{}');
      const server = await startCodeServer({
        vsix: await testVsix(),
        settings: { 'atomizer.claude.command': builtPrograms().claude },
        env: { CLAUDE_STANDIN: scenario },
      });
      await use(Object.assign(server, { scenario }));
      await server.stop();
      await rm(path.dirname(scenario), { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  workspace: async ({}, use) => {
    const workspace = await makeWorkspace();
    await use(workspace);
    await rm(path.dirname(workspace), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  },
  scenario: async ({ server }, use) => {
    const file = (server as CodeServer & { scenario: string }).scenario;
    await use(async (scenario) => await writeFile(file, JSON.stringify(scenario)));
    await writeFile(file, '{}');
  },
  code: async ({ server, chromium: browser, workspace }, use, info) => {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();
    const code = new Code(page, server.window(workspace), workspace);
    await code.load();
    await use(code);
    if (info.status !== info.expectedStatus) await page.screenshot({ path: info.outputPath('failed.png') });
    await context.close();
  },
});
