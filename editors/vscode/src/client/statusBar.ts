/** What the server and Claude are doing, in the status bar. */
import * as vscode from 'vscode';
import type { Activity } from './chat';
import type { Chats } from './chats';

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('atomizer.status', vscode.StatusBarAlignment.Left, 50);
  private readonly listening: vscode.Disposable;

  constructor(private readonly chats: Chats) {
    this.item.name = 'Atomizer';
    this.item.command = 'atomizer.showMenu';
    this.listening = chats.onDidChange(() => this.update());
    this.update();
  }

  /** The text shown; for tests. */
  get text(): string {
    return this.item.text;
  }

  dispose(): void {
    this.listening.dispose();
    this.item.dispose();
  }

  private update(): void {
    const chat = this.chats.active();
    if (chat === null) {
      this.item.hide();
      return;
    }
    const { state, message, name } = chat.folder;
    const [waiting] = this.chats.questions();
    if (waiting !== undefined) this.showActivity({ kind: 'waiting', tool: waiting.question.toolName }, name);
    else if (state === 'failed') this.show('$(error) Atomizer', message, 'error');
    else if (state === 'starting') this.show('$(loading~spin) Atomizer: starting', message, null);
    else if (state === 'stopped') this.show('$(circle-slash) Atomizer: stopped', message, null);
    else this.showActivity(chat.activity, name);
    void vscode.commands.executeCommand('setContext', 'atomizer.running', chat.activity.kind === 'running');
  }

  private showActivity(activity: Activity, folder: string): void {
    switch (activity.kind) {
      case 'idle':
        return this.show('$(check) Atomizer', `Ready (${folder})`, null);
      case 'running':
        return this.show(
          activity.tool === null ? '$(loading~spin) Atomizer: Claude is working' : `$(loading~spin) Atomizer: ${activity.tool}`,
          'Claude is working',
          null,
        );
      case 'waiting':
        return this.show(`$(question) Atomizer: ${activity.tool}?`, `Claude waits for your permission to use ${activity.tool}`, 'warning');
      case 'error':
        return this.show('$(error) Atomizer', activity.message, 'error');
    }
  }

  private show(text: string, detail: string, color: 'warning' | 'error' | null): void {
    this.item.text = text;
    this.item.tooltip = detail === '' ? 'Atomizer' : detail;
    this.item.accessibilityInformation = { label: `${text.replace(/\$\([^)]*\)/g, '').trim()}. ${detail}` };
    this.item.backgroundColor = color === null ? undefined : new vscode.ThemeColor(`statusBarItem.${color}Background`);
    this.item.show();
  }
}
