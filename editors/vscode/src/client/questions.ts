/** Claude's questions for permission that wait for an answer. */
import * as vscode from 'vscode';
import type { PermissionAnswer, PermissionQuestion } from '../shared/protocol';

export class Questions {
  private readonly open = new Map<string, { question: PermissionQuestion; answer: (answer: PermissionAnswer) => void }>();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  get waiting(): PermissionQuestion[] {
    return [...this.open.values()].map(({ question }) => question);
  }

  /** Waits for the user; `token` is cancelled when the server takes the question back. */
  async ask(question: PermissionQuestion, token: vscode.CancellationToken): Promise<PermissionAnswer> {
    return await new Promise((resolve) => {
      const listening = token.onCancellationRequested(() => this.withdraw(question.requestId));
      this.open.set(question.requestId, {
        question,
        answer: (answer) => {
          listening.dispose();
          resolve(answer);
        },
      });
      this.changed.fire();
    });
  }

  /** False when nobody waits for this answer any more. */
  answer(requestId: string, answer: PermissionAnswer): boolean {
    const waiting = this.open.get(requestId);
    if (waiting === undefined) return false;
    this.open.delete(requestId);
    waiting.answer(answer);
    this.changed.fire();
    return true;
  }

  withdraw(requestId: string): void {
    this.answer(requestId, { behavior: 'deny', scope: 'once', message: 'The question was withdrawn.' });
  }

  withdrawAll(): void {
    for (const requestId of [...this.open.keys()]) this.withdraw(requestId);
  }
}
