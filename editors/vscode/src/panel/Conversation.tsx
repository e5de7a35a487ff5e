/** The conversation: follows its end while the user is there, fetches older messages at its start. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Conflict } from '../shared/protocol';
import { PermissionCard, partOf } from './cards';
import { Button } from './elements';
import { post } from './host';
import { questionsElsewhere, type Action, type State } from './state';
import { isRunning, type Decision } from './turn';
import { TurnView } from './TurnView';
import { Virtual } from './Virtual';

/** This near to the end counts as at the end. */
const NEAR_PX = 40;
const NO_CONFLICTS: Conflict[] = [];

export function Conversation({ state, dispatch }: { state: State; dispatch: (action: Action) => void }): JSX.Element {
  const log = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const top = useRef(0);
  /** The user scrolls, by whatever means, since the end was left. */
  const byHand = useRef(false);
  const before = useRef({ first: '', height: 0, count: 0 });
  const { turns, more, oldest, loadingOlder } = state;
  const running = turns.some(isRunning);

  useLayoutEffect(() => {
    const element = log.current;
    if (element === null) return;
    const first = turns[0]?.key ?? '';
    const { first: former, height, count } = before.current;
    const prepended = former !== '' && first !== former && turns.length > count && turns.some(({ key }) => key === former);
    if (prepended) element.scrollTop += element.scrollHeight - height;
    else if (atEnd.current) element.scrollTop = element.scrollHeight;
    before.current = { first, height: element.scrollHeight, count: turns.length };
  });

  // A message just sent is looked at, wherever the user was.
  const count = turns.length;
  useLayoutEffect(() => {
    if (running && log.current !== null) {
      atEnd.current = true;
      log.current.scrollTop = log.current.scrollHeight;
    }
  }, [count, running]);

  // What is drawn late, such as a block that came near, must not push the end out of sight.
  useEffect(() => {
    const element = log.current;
    const content = element?.firstElementChild;
    if (element === null || content === null || content === undefined) return undefined;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(content);
    return () => observer.disconnect();
  }, []);

  const onScroll = (): void => {
    const element = log.current;
    if (element === null) return;
    // An answer that grows moves the end away, and parts drawn anew move the rest: only who scrolls up leaves the end.
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX) {
      atEnd.current = true;
      byHand.current = false;
    } else if (element.scrollTop < top.current && (byHand.current || !running)) atEnd.current = false;
    top.current = element.scrollTop;
    if (element.scrollTop === 0 && more && oldest !== null && !loadingOlder) fetchOlder(oldest);
  };
  const scrollsByHand = (): void => {
    byHand.current = true;
  };
  const fetchOlder = (id: number): void => {
    dispatch({ type: 'loadingOlder' });
    post({ type: 'older', before: id });
  };
  const onAnswer = useRef((requestId: string, decision: Decision) => {
    dispatch({ type: 'answered', requestId, decision });
    // The buttons that had the focus go; the keyboard goes on at the next question, else at the input.
    requestAnimationFrame(() => {
      const next = document.querySelector<HTMLElement>('.permission:not(.answered) vscode-button') ?? document.querySelector('textarea');
      next?.focus();
    });
  });
  const { fixIntroduced, applyCanvas } = state.surroundings;
  const placed = new Set(turns.map(({ turnId }) => turnId));
  const elsewhere = state.conflicts.filter(({ turnId }) => !placed.has(turnId));
  return (
    <div
      ref={log}
      class="log"
      role="log"
      aria-label="Conversation"
      aria-busy={running}
      tabIndex={0}
      onScroll={onScroll}
      onWheel={scrollsByHand}
      onTouchMove={scrollsByHand}
      onKeyDown={scrollsByHand}
      // The scroll bar is the element itself.
      onPointerDown={(event) => (event.target === log.current ? scrollsByHand() : undefined)}
    >
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
