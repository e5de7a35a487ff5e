/** A window of the real VS Code on a fresh copy of the example studies, with the stand-in for claude. */
import { test as base, chromium, expect, type Browser, type FrameLocator, type Locator, type Page } from '@playwright/test';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { launchOptions } from '../support/browser.mjs';
import { builtPrograms, extensionFolder, makeWorkspace, startCodeServer, testVsix, type CodeServer } from '../support/codeServer.mjs';

export { expect };
export const BRACKET = 'studies/bracket_mass/1_setup/atomizer_spec.json';
export const GIMBAL = 'studies/gimbal_arm/1_setup/atomizer_spec.json';
export const LOG = { name: 'Conversation' };
const EXTENSION = 'iframe.webview[src*="extensionId=atomizer.atomizer-lsp"]';

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
    await this.ready();
  }

  async ready(): Promise<void> {
    // The commands are offered from when the extension is known.
    await this.page.locator('.statusbar-item', { hasText: /Atomizer$/ }).waitFor();
  }

  /** Runs a command by its title. */
  async command(title: string): Promise<void> {
    await this.pick('F1', `>${title}`, title);
  }

  /** Opens a file of the workspace by its name. */
  async open(file: string): Promise<void> {
    const [folder, name] = [path.basename(path.dirname(file)), path.basename(file)];
    const study = path.basename(path.dirname(path.dirname(file)));
    await this.pick('Control+P', file, name, `${study}/${folder}`);
    await this.page.locator(`.monaco-editor[data-uri$="/${study}/${folder}/${name}"] .view-line`).first().waitFor();
  }

  /**
   * Takes what the quick input has first for a text, when that is what it has to be. A row is not clicked: while the
   * list is still being filled, another may have its place by then.
   */
  private async pick(key: string, text: string, ...shown: string[]): Promise<void> {
    await this.page.keyboard.press(key);
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(text);
    const first = this.page.locator('.quick-input-list .monaco-list-row').first();
    for (const part of shown) await expect(first).toContainText(part);
    await input.press('Enter');
    await input.waitFor({ state: 'hidden' });
  }

  /** Writes the folder's settings and loads the window again with them. */
  async settings(settings: object): Promise<void> {
    const folder = path.join(this.workspace, '.vscode');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'settings.json'), JSON.stringify(settings));
    await this.load();
  }

  /** Puts the cursor into the text editor in front; counts from 1. */
  async goTo(line: number, column: number): Promise<void> {
    await this.page.keyboard.press('Control+G');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
  }

  /** Types over the first `old` of the file in front, whose text on disk is `text`. */
  async typeOver(text: string, old: string, typed: string): Promise<void> {
    const before = text.slice(0, text.indexOf(old)).split('\n');
    await this.goTo(before.length, (before.at(-1) ?? '').length + 1);
    await this.page.locator('.monaco-editor.focused').waitFor();
    for (const _ of old) await this.page.keyboard.press('Shift+ArrowRight');
    await this.page.keyboard.type(typed);
  }

  /** The chat in the side bar. */
  get panel(): FrameLocator {
    return this.page.frameLocator(`${EXTENSION}[src*="purpose=webviewView"]`).frameLocator('iframe#active-frame');
  }

  /** The canvas, or the chat in an editor tab. */
  get tab(): FrameLocator {
    return this.page.frameLocator(`${EXTENSION}:not([src*="purpose=webviewView"])`).frameLocator('iframe#active-frame');
  }

  get log(): Locator {
    return this.panel.getByRole('log', LOG);
  }

  get toasts(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  button(name: string): Locator {
    return this.panel.getByRole('button', { name, exact: true });
  }

  async openChat(): Promise<FrameLocator> {
    await this.command('Atomizer: Open Chat');
    await this.panel.getByRole('textbox', { name: 'Message Claude' }).waitFor();
    return this.panel;
  }

  async ask(message: string): Promise<void> {
    const input = this.panel.getByRole('textbox', { name: 'Message Claude' });
    await input.fill(message);
    const send = this.button('Send');
    await expect(send).toBeEnabled();
    await send.click();
  }
}

interface Axe {
  run(context: unknown, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

/** What axe-core finds wrong in a webview as it is now. */
export async function violations(frame: FrameLocator): Promise<string[]> {
  const body = frame.locator('body');
  await body.evaluate(await readFile(path.join(extensionFolder, 'node_modules/axe-core/axe.min.js'), 'utf8'));
  return await body.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const found = await axe.run(document, { iframes: false });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`);
  });
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
