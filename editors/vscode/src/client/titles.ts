/** Names that the user gave conversations. The server's own title is the first message. */
import type * as vscode from 'vscode';
import type { SessionInfo } from '../shared/protocol';

const KEY = 'titles';

export class Titles {
  constructor(private readonly memory: vscode.Memento) {}

  of(session: SessionInfo): string {
    const given = this.memory.get<Record<string, string>>(KEY, {})[session.sessionId];
    return given ?? session.title;
  }

  /** An empty title gives the conversation its own back. */
  async set(sessionId: string, title: string): Promise<void> {
    const { [sessionId]: _former, ...others } = this.memory.get<Record<string, string>>(KEY, {});
    await this.memory.update(KEY, title.trim() === '' ? others : { ...others, [sessionId]: title.trim() });
  }
}
