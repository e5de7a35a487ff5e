/** One server for one workspace folder: found, started, watched, started again after a crash. */
import { accessSync, constants, statSync } from 'node:fs';
import * as vscode from 'vscode';
import {
  CancellationToken,
  CloseAction,
  ErrorAction,
  LanguageClient,
  ProgressType,
  RevealOutputChannelOn,
  State,
  type LanguageClientOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';
import type { Operation, Operations, TurnEvent } from '../shared/protocol';
import { findServer } from './findServer';
import { messageOf } from './log';
import { Backoff } from './backoff';
import { serverSettings } from './settings';
import type { SpecDocuments } from './specDocuments';

export type ServerState = 'stopped' | 'starting' | 'running' | 'failed';

/** What all folders share. */
export interface Shared {
  extensionFolder: string;
  output: vscode.LogOutputChannel;
  trace: vscode.LogOutputChannel;
  specDocuments: SpecDocuments;
}

export class Folder implements vscode.Disposable {
  /** The state, or what the server offers, changed. */
  readonly onDidChange: vscode.Event<void>;
  private readonly changed = new vscode.EventEmitter<void>();
  /** A new server runs: whatever the last one was doing is over. */
  readonly onDidStart: vscode.Event<void>;
  private readonly started = new vscode.EventEmitter<void>();
  private readonly backoff = new Backoff();
  private client: LanguageClient | null = null;
  private handlers: ((client: LanguageClient) => void)[] = [];
  private disposed = false;
  state: ServerState = 'stopped';
  message = '';

  /** `folder` is one of the workspace, or stands for specs that were opened from elsewhere. */
  constructor(
    readonly folder: vscode.WorkspaceFolder,
    private readonly shared: Shared,
  ) {
    this.onDidChange = this.changed.event;
    this.onDidStart = this.started.event;
  }

  get name(): string {
    return this.folder.name;
  }

  get key(): string {
    return this.folder.uri.toString();
  }

  /** Process id of the server; for tests, which end it. */
  get processId(): number | undefined {
    return this.client?.serverProcess?.pid;
  }

  /** Runs for the client now and for each one made later. */
  withClient(handler: (client: LanguageClient) => void): void {
    this.handlers.push(handler);
    if (this.client !== null) handler(this.client);
  }

  async start(): Promise<void> {
    if (this.client !== null || this.disposed) return;
    const found = findServer({
      setting: vscode.workspace.getConfiguration('atomizer', this.folder.uri).get('server.path', ''),
      extensionFolder: this.shared.extensionFolder,
      environment: process.env,
      platform: process.platform,
      isProgram,
    });
    if (found.program === null) {
      this.set('failed', found.message);
      await this.offerSettings(found.message);
      return;
    }
    this.shared.output.info(`${this.name}: ${found.program} (${found.from})`);
    const client = this.makeClient(found.program);
    this.client = client;
    client.onDidChangeState(({ newState }) => this.follow(client, newState));
    for (const handler of this.handlers) handler(client);
    this.set('starting', this.message);
    try {
      await client.start();
    } catch (error) {
      this.shared.output.error(`${this.name}: ${messageOf(error)}`);
      client.serverProcess?.kill();
      await this.startAgain(client, 'failed', `The server ${found.program} did not start and is tried again; the output channel Atomizer says more.`);
    }
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = null;
    this.backoff.cancel();
    if (client !== null) {
      try {
        await client.dispose(5000);
      } catch (error) {
        this.shared.output.warn(`${this.name}: ${messageOf(error)}`);
        client.serverProcess?.kill();
      }
    }
    this.set('stopped', '');
  }

  async restart(): Promise<void> {
    await this.stop();
    this.backoff.reset();
    await this.start();
  }

  /** A request of the contract. Fails with a sentence when no server runs. */
  async request<O extends Operation>(operation: O, params: Operations[O]['params']): Promise<Operations[O]['result']> {
    return await this.running().sendRequest<Operations[O]['result']>(operation, params);
  }

  /** A turn: its events arrive at `onEvent` while it runs. */
  async chat(
    params: Operations['atomizer/chat']['params'],
    onEvent: (event: TurnEvent) => void,
    token: vscode.CancellationToken,
  ): Promise<Operations['atomizer/chat']['result']> {
    const client = this.running();
    const partialResultToken = `atomizer-chat-${crypto.randomUUID()}`;
    const listening = client.onProgress(new ProgressType<TurnEvent>(), partialResultToken, onEvent);
    try {
      return await client.sendRequest<Operations['atomizer/chat']['result']>('atomizer/chat', { ...params, partialResultToken }, token);
    } finally {
      listening.dispose();
    }
  }

  /** Any request by its name, for commands that the server offers. */
  async raw(method: string, params: unknown): Promise<unknown> {
    return await this.running().sendRequest(method, params);
  }

  dispose(): void {
    this.disposed = true;
    void this.stop();
    this.changed.dispose();
    this.started.dispose();
  }

  /** After `client` came to an end of its own: a new one, unless it was stopped or replaced meanwhile. */
  private async startAgain(client: LanguageClient, state: ServerState, message: string): Promise<void> {
    if (this.client !== client || this.disposed) return;
    this.client = null;
    this.shared.output.warn(`${this.name}: ${message}`);
    this.set(state, message);
    if (await this.backoff.wait()) await this.start();
  }

  private running(): LanguageClient {
    if (this.client === null || this.state !== 'running') {
      throw new Error(this.message === '' ? 'The Atomizer server is not running.' : this.message);
    }
    return this.client;
  }

  private makeClient(program: string): LanguageClient {
    const scope = this.folder.uri;
    const pattern = { baseUri: scope.toString(), pattern: '**' };
    const options: LanguageClientOptions = {
      documentSelector: [{ language: 'atomizer-spec', scheme: 'file', pattern }],
      workspaceFolder: this.folder,
      outputChannel: this.shared.output,
      traceOutputChannel: this.shared.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: () => serverSettings(scope),
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          // One that ends while it starts fails `start`, which sees to it.
          if (started) void this.startAgain(client, 'starting', 'The server ended unexpectedly and is started again.');
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      // What is wrong is said in the status bar and the panel, in words.
      initializationFailedHandler: () => false,
      middleware: {
        workspace: {
          configuration: (params) =>
            params.items.map((item) => {
              const at = item.scopeUri === undefined ? scope : vscode.Uri.parse(item.scopeUri);
              return item.section === 'atomizer' ? serverSettings(at) : (vscode.workspace.getConfiguration(item.section, at).get<unknown>('') ?? null);
            }),
          didChangeConfiguration: async () => {
            await this.client?.sendNotification('workspace/didChangeConfiguration', {
              settings: { atomizer: serverSettings(scope) },
            });
          },
          handleApplyEdit: (params, next) =>
            this.shared.specDocuments.applyEdit(params, async (given) => await next(given, CancellationToken.None)),
        },
      },
    };
    const client = new QuietClient('atomizer', `Atomizer (${this.name})`, { command: program, args: ['--stdio'] }, options);
    let started = false;
    client.onDidChangeState(({ newState }) => {
      started ||= newState === State.Running;
    });
    client.registerFeature(new Announcement());
    return client;
  }

  private follow(client: LanguageClient, state: State): void {
    if (this.client !== client) return;
    if (state === State.Running) {
      this.backoff.started();
      this.set('running', '');
      this.started.fire();
    }
  }

  private set(state: ServerState, message: string): void {
    this.state = state;
    this.message = message;
    if (!this.disposed) this.changed.fire();
  }

  private async offerSettings(message: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(message, 'Open Settings');
    if (choice !== undefined) await vscode.commands.executeCommand('workbench.action.openSettings', 'atomizer.server.path');
  }
}

/** Writes errors to the output channel only: the status bar and the panel tell the user. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Announces what this client understands beyond LSP, and keeps the server's commands for `commands.ts`. */
class Announcement implements StaticFeature {
  fillClientCapabilities(capabilities: { experimental?: unknown }): void {
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), atomizer: { permission: true, conflict: true, introduced: true, canvas: true } };
  }

  preInitialize(capabilities: { executeCommandProvider?: unknown }): void {
    // Each client would register the same command ids again; serverCommands.ts registers them once for all folders.
    delete capabilities.executeCommandProvider;
  }

  initialize(): void {
    // Nothing to set up: the announcement is made before.
  }

  getState(): { kind: 'static' } {
    return { kind: 'static' };
  }

  clear(): void {
    // Nothing was set up.
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
