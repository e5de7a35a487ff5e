/** The panel's line to the extension. */
import type { FromPanel } from '../shared/messages';

interface VsCode {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCode;

/** What outlives the page: the text that has not been sent. */
export interface Kept {
  draft: string;
}

const vscode = acquireVsCodeApi();

export function post(message: FromPanel): void {
  vscode.postMessage(message);
}

export function kept(): Kept {
  const state = vscode.getState() as Partial<Kept> | undefined;
  return { draft: state?.draft ?? '' };
}

export function keep(state: Kept): void {
  vscode.setState(state);
}
