/** The canvas's line to the extension. */
import type { FromCanvas } from '../shared/messages';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const vscode = acquireVsCodeApi();

export function post(message: FromCanvas): void {
  vscode.postMessage(message);
}
