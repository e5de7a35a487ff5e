/** The conversation: follows its end while the user is there, fetches older messages at its start. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Conflict } from '../shared/protocol';
import { PermissionCard, partOf } from './cards';
import { Button } from './elements';
import { useFollowEnd } from './followEnd';
import { post } from './host';
import { questionsElsewhere, type Action, type State } from './state';
import { isRunning, type Decision } from './turn';
import { TurnView } from './TurnView';
import { Virtual } from './Virtual';

const NO_CONFLICTS: Conflict[] = [];

export function Conversation({ state, dispatch }: { state: State; dispatch: (action: Action) => void }): JSX.Element {
  const log = useRef<HTMLDivElement>(null);
  const { turns, more, oldest, loadingOlder } = state;
  const following = useFollowEnd(log, turns);

  const fetchOlder = (id: number): void => {
    dispatch({ type: 'loadingOlder' });
    post({ type: 'older', before: id });
  };
  const onScroll = (): void => {
    following.onScroll();
    if (log.current?.scrollTop === 0 && more && oldest !== null && !loadingOlder) fetchOlder(oldest);
  };
  const onAnswer = useRef((requestId: string, decision: Decision) => {
    dispatch({ type: 'answered', requestId, decision });
    requestAnimationFrame(focusNext);
  });
  const { fixIntroduced, applyCanvas } = state.surroundings;
  const placed = new Set(turns.map(({ turnId }) => turnId));
  const elsewhere = state.conflicts.filter(({ turnId }) => !placed.has(turnId));
  return (
    <div ref={log} class="log" role="log" aria-label="Conversation" aria-busy={turns.some(isRunning)} tabIndex={0} {...following} onScroll={onScroll}>
      <div class="turns">
      {more && oldest !== null ? (
        <div class="older"><Button secondary disabled={loadingOlder} onClick={() => fetchOlder(oldest)}>Show older messages</Button></div>
      ) : null}
      {turns.map((turn, index) => {
        const conflicts = state.conflicts.filter(({ turnId }) => turnId === turn.turnId);
        return (
          <Virtual key={turn.key} keep={isRunning(turn)} initially={index >= turns.length - 3}>
            <TurnView turn={turn} conflicts={index === turns.length - 1 ? [...conflicts, ...elsewhere] : conflicts.length === 0 ? NO_CONFLICTS : conflicts} onAnswer={onAnswer.current} fixIntroduced={fixIntroduced} applyCanvas={applyCanvas} />
          </Virtual>
        );
      })}
      {questionsElsewhere(state).map((question) => <PermissionCard key={question.requestId} part={partOf(question)} onAnswer={onAnswer.current} />)}
      </div>
    </div>
  );
}

/** The buttons that had the focus are gone: the keyboard goes on at the next question, else at the input. */
function focusNext(): void {
  const next = document.querySelector<HTMLElement>('.permission:not(.answered) vscode-button') ?? document.querySelector('textarea');
  next?.focus();
}
