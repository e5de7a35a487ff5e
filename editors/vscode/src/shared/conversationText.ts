/** A conversation as Markdown, for export. */
import type { Message, SessionInfo } from './protocol';

export function conversationAsMarkdown(session: SessionInfo, title: string, messages: Message[]): string {
  const lines = [`# ${title === '' ? 'Conversation' : title}`, ''];
  const about = session.studyId === null ? '' : `, study ${session.studyId}`;
  lines.push(`Conversation ${session.sessionId}, begun ${session.createdAt}${about}.`, '');
  for (const message of messages) {
    lines.push(`## ${message.role === 'user' ? 'You' : 'Claude'} (${message.createdAt})`, '');
    for (const call of message.toolCalls) {
      const outcome = call.isError === true ? 'failed' : call.isError === false ? 'done' : 'not finished';
      lines.push(`- ${call.name}: ${toolSubject(call.input)} – ${outcome}`);
    }
    if (message.toolCalls.length > 0) lines.push('');
    lines.push(message.content.trimEnd(), '');
    if (message.status !== 'completed' && message.role === 'assistant') lines.push(`*${STATUS[message.status]}*`, '');
  }
  return lines.join('\n');
}

const STATUS: Record<Message['status'], string> = {
  running: 'Still running.',
  completed: '',
  cancelled: 'Stopped.',
  timedOut: 'Ran out of time.',
  failed: 'Failed.',
  interrupted: 'Interrupted.',
};

/** What a tool works on, in one line. */
export function toolSubject(input: unknown): string {
  if (typeof input !== 'object' || input === null) return '';
  const fields = input as Record<string, unknown>;
  for (const key of ['file_path', 'command', 'path', 'pattern', 'url', 'query', 'description']) {
    const value = fields[key];
    if (typeof value === 'string') return value.split('\n')[0] ?? '';
  }
  return '';
}
