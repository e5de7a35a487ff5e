/** Names that the user gave conversations. The server's own title is the first message. */
import type { SessionInfo } from '../shared/protocol';
import type { Memory } from './memory';

const KEY = 'titles';

export class Titles {
  constructor(private readonly memory: Memory) {}

  of(session: SessionInfo): string {
    const given = this.all[session.sessionId];
    return given ?? session.title;
  }

  /** An empty title gives the conversation its own back. */
  set(sessionId: string, title: string): void {
    const { [sessionId]: _former, ...others } = this.all;
    this.memory.update(KEY, title.trim() === '' ? others : { ...others, [sessionId]: title.trim() });
  }

  private get all(): Record<string, string> {
    return (this.memory.get(KEY) ?? {}) as Record<string, string>;
  }
}
