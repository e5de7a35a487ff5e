/** The settings of the contract, as the server wants them: nested, and only what is set. */
import * as vscode from 'vscode';

/** Keys below `atomizer` that belong to the server; the others are the extension's own. */
const SERVER_KEYS = [
  'root',
  'claude.command',
  'claude.extraArgs',
  'claude.model',
  'claude.process',
  'claude.idleMinutes',
  'claude.timeoutSeconds',
  'claude.maxConcurrentTurns',
  'claude.userTools',
  'claude.powerPermissions',
  'claude.permissionTimeoutSeconds',
  'sessions.idleMinutes',
  'sessions.emptyRetentionHours',
  'sessions.historyLimit',
  'storage.path',
  'storage.keepSnapshotsDays',
  'chat.fixIntroducedErrors',
  'canvas.applyModifications',
  'check',
] as const;

/** `root`, `claude.model` and `storage.path` have no value of their own: empty means that the server decides. */
export function serverSettings(scope: vscode.Uri | undefined): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration('atomizer', scope ?? null);
  const settings: Record<string, unknown> = {};
  for (const key of SERVER_KEYS) {
    const value = configuration.get<unknown>(key);
    if (value === undefined || value === null || value === '') continue;
    put(settings, key.split('.'), value);
  }
  return settings;
}

function put(into: Record<string, unknown>, steps: string[], value: unknown): void {
  const [first = '', ...rest] = steps;
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = (into[first] ?? {}) as Record<string, unknown>;
  into[first] = inner;
  put(inner, rest, value);
}
