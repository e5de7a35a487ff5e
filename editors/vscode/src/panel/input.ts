/** The input's rules, without a page: which word is being completed, what recalling gives, what a drop adds. */

export interface Trigger {
  trigger: '@' | '/';
  query: string;
  /** Where the word with its mark begins. */
  start: number;
}

/** The `@word` or `/word` that ends at the caret. `/` counts only at the start of the text. */
export function triggerAt(text: string, caret: number): Trigger | null {
  const before = text.slice(0, caret);
  const slash = /^\/([a-z]*)$/.exec(before);
  if (slash !== null) return { trigger: '/', query: slash[1] ?? '', start: 0 };
  const at = /(?:^|\s)@([^\s@]*)$/.exec(before);
  if (at === null) return null;
  const query = at[1] ?? '';
  return { trigger: '@', query, start: caret - query.length - 1 };
}

export function insertCompletion(text: string, caret: number, found: Trigger, insert: string): { text: string; caret: number } {
  const inserted = `${insert} `;
  const rest = text.slice(caret).replace(/^ /, '');
  return { text: text.slice(0, found.start) + inserted + rest, caret: found.start + inserted.length };
}

/** Messages said before, newest first, each once. */
export function recallable(messages: string[]): string[] {
  return [...new Set(messages.filter((message) => message !== '').reverse())];
}

/** Paths in a drop: VS Code's list of URIs, else the standard one. */
export function droppedPaths(uriList: string): string[] {
  return uriList
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      try {
        const url = new URL(line);
        return ['file:', 'vscode-remote:'].includes(url.protocol) ? [decodeURIComponent(url.pathname)] : [];
      } catch {
        return [];
      }
    });
}

export function append(text: string, addition: string): string {
  return text === '' || /\s$/.test(text) ? text + addition : `${text} ${addition}`;
}
