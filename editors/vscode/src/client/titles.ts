/** Names that the user gave conversations. The server's own title is the first message. */
import type { SessionInfo } from '../shared/protocol';
import type { Memory } from './memory';

export class Titles {
  constructor(private readonly memory: Memory) {}

  of({ sessionId, title }: SessionInfo): string {
    const given = this.memory.get(key(sessionId));
    return typeof given === 'string' ? given : title;
  }

  /** An empty title gives the conversation its own back. */
  set(sessionId: string, title: string): void {
    this.memory.update(key(sessionId), title.trim() === '' ? undefined : title.trim());
  }
}

function key(sessionId: string): string {
  return `title:${sessionId}`;
}
