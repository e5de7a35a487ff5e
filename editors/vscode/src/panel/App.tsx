/** The panel as a whole. */
import type { JSX } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';
import type { Surroundings, ToPanel } from '../shared/messages';
import { Composer } from './Composer';
import { Conversation } from './Conversation';
import { Button, Icon, IconButton } from './elements';
import { post } from './host';
import { Sessions } from './Sessions';
import { INITIAL, reduce, runningTurn, type Action, type State } from './state';
import { isRunning } from './turn';
import { progressInWords } from './TurnView';

export function App(): JSX.Element {
  const [state, dispatch] = useReducer(reduce, INITIAL);

  useEffect(() => {
    // What arrives within one frame is drawn once.
    let waiting: Action[] = [];
    let scheduled = false;
    const flush = (): void => {
      scheduled = false;
      const actions = waiting;
      waiting = [];
      for (const action of actions) dispatch(action);
    };
    const onMessage = (event: MessageEvent<ToPanel>): void => {
      waiting.push(event.data);
      if (scheduled) return;
      scheduled = true;
      // Frames stop in a hidden page; its state must not wait for that.
      if (document.hidden) queueMicrotask(flush);
      else requestAnimationFrame(flush);
    };
    window.addEventListener('message', onMessage);
    post({ type: 'ready', pageMs: performance.now() });
    return () => window.removeEventListener('message', onMessage);
  }, []);

  const running = runningTurn(state);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    if (state.sessionsOpen) dispatch({ type: 'closeSessions' });
    else if (running !== null) post({ type: 'stop' });
  };
  return (
    <div class="panel" onKeyDown={onKeyDown}>
      <Header state={state} />
      {state.sessionsOpen ? (
        <Sessions sessions={state.sessions} current={state.session?.sessionId ?? null} onClose={() => dispatch({ type: 'closeSessions' })} />
      ) : null}
      <Banner surroundings={state.surroundings} />
      <div class="middle" hidden={state.sessionsOpen}>
        {state.loaded && state.turns.length === 0 ? <Welcome /> : null}
        <Conversation state={state} dispatch={dispatch} />
      </div>
      {state.notice === '' ? null : (
        <div class="notice" role="alert">
          <span>{state.notice}</span>
          <IconButton icon="close" name="Dismiss" onClick={() => dispatch({ type: 'clearNotice' })} />
        </div>
      )}
      <Composer state={state} />
      <p class="hidden" role="status">{spoken(state)}</p>
    </div>
  );
}

function Header({ state }: { state: State }): JSX.Element {
  const { surroundings, session, title } = state;
  const several = surroundings.folders.length > 1;
  return (
    <header>
      <h1 title={title}>{session === null ? 'New conversation' : title === '' ? 'Conversation' : title}</h1>
      {several ? (
        <button type="button" class="folder" aria-label={`Folder ${surroundings.folder ?? 'none'}, change`} onClick={() => post({ type: 'selectFolder' })}>
          <Icon name="root-folder" /> {surroundings.folder}
        </button>
      ) : null}
      <IconButton icon="history" name="Conversations" onClick={() => post({ type: 'listSessions' })} />
      <IconButton icon="add" name="New chat" onClick={() => post({ type: 'newChat' })} />
    </header>
  );
}

function Banner({ surroundings }: { surroundings: Surroundings }): JSX.Element | null {
  const { trusted, folder, server, serverMessage } = surroundings;
  if (!trusted) {
    return (
      <section class="banner" aria-label="Restricted mode">
        <p><Icon name="shield" /> Claude is off until you trust this workspace. Specs are checked all the same.</p>
        <Button onClick={() => post({ type: 'command', command: 'workbench.trust.manage' })}>Manage trust</Button>
      </section>
    );
  }
  if (folder === null) {
    return (
      <section class="banner" aria-label="No studies">
        <p><Icon name="info" /> Open a folder that holds studies/, or a spec.</p>
        <Button onClick={() => post({ type: 'command', command: 'vscode.openFolder' })}>Open folder</Button>
      </section>
    );
  }
  if (server === 'failed') {
    return (
      <section class="banner failed" role="alert">
        <p><Icon name="error" /> {serverMessage}</p>
        <div class="actions">
          <Button onClick={() => post({ type: 'command', command: 'atomizer.restartServer' })}>Start again</Button>
          <Button secondary onClick={() => post({ type: 'command', command: 'workbench.action.openSettings' })}>Open settings</Button>
        </div>
      </section>
    );
  }
  if (server !== 'starting' || serverMessage === '') return null;
  return <p class="banner" role="status"><Icon name="loading" spin /> {serverMessage}</p>;
}

function Welcome(): JSX.Element {
  return (
    <section class="welcome" aria-label="Welcome">
      <p>Ask Claude about the study that is open, or have it change the spec. You are asked before it does anything but read.</p>
    </section>
  );
}

/** For the live region: where the turn stands, not every word of it. */
function spoken(state: State): string {
  const last = state.turns.at(-1);
  if (last === undefined) return '';
  const question = last.parts.find((part) => part.kind === 'permission' && part.decision === 'asked');
  if (question?.kind === 'permission') return `Claude asks for permission to use ${question.toolName}`;
  if (isRunning(last)) return progressInWords(last);
  if (last.key.startsWith('message-')) return '';
  return last.status === 'completed' ? 'Claude has answered' : last.status === 'cancelled' ? 'Stopped' : '';
}
