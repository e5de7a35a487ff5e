/** The list of conversations, with search, rename, export and delete. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { IconButton } from './elements';
import { post } from './host';
import type { SessionItem } from './state';

export function Sessions({ sessions, current, onClose }: { sessions: SessionItem[]; current: string | null; onClose: () => void }): JSX.Element {
  const [query, setQuery] = useState('');
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus(), []);
  const wanted = query.toLowerCase();
  const shown = sessions.filter(({ shownTitle, studyId }) => `${shownTitle} ${studyId ?? ''}`.toLowerCase().includes(wanted));
  return (
    <section class="sessions" aria-label="Conversations">
      <div class="search">
        <input ref={search} type="search" aria-label="Search conversations" placeholder="Search" value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
        <IconButton icon="close" name="Close conversations" onClick={onClose} />
      </div>
      {shown.length === 0 ? <p class="empty">{sessions.length === 0 ? 'No conversations yet.' : 'None found.'}</p> : null}
      <ul>{shown.map((session) => <Item key={session.sessionId} session={session} current={session.sessionId === current} />)}</ul>
    </section>
  );
}

function Item({ session, current }: { session: SessionItem; current: boolean }): JSX.Element {
  const { sessionId, shownTitle, studyId, lastActive, messageCount } = session;
  const [renaming, setRenaming] = useState(false);
  const title = shownTitle === '' ? 'Conversation without a title' : shownTitle;
  const rename = (value: string): void => {
    setRenaming(false);
    if (value !== shownTitle) post({ type: 'renameSession', sessionId, title: value });
  };
  if (renaming) {
    return (
      <li>
        <input
          aria-label={`New name of ${title}`}
          value={shownTitle}
          ref={(element) => element?.focus()}
          onBlur={(event) => rename(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') rename(event.currentTarget.value);
            if (event.key === 'Escape') {
              event.stopPropagation();
              setRenaming(false);
            }
          }}
        />
      </li>
    );
  }
  const when = new Date(lastActive).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <li class={current ? 'current' : ''}>
      <button type="button" class="open" aria-current={current} onClick={() => post({ type: 'openSession', sessionId })}>
        <span class="title">{title}</span>
        <span class="detail">{[studyId, when, `${messageCount} messages`].filter((it) => it !== null).join(' · ')}</span>
      </button>
      <IconButton icon="edit" name={`Rename ${title}`} onClick={() => setRenaming(true)} />
      <IconButton icon="export" name={`Export ${title} as Markdown`} onClick={() => post({ type: 'exportSession', sessionId })} />
      <IconButton icon="trash" name={`Delete ${title}`} onClick={() => post({ type: 'deleteSession', sessionId })} />
    </li>
  );
}
