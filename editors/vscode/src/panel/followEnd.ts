/** Keeps the end of the conversation in sight while it grows, and what is read in its place when older turns come. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { isRunning, type Turn } from './turn';

/** This near to the end counts as at the end. */
const NEAR_PX = 40;

/** Handlers for the element that scrolls. */
export interface Following {
  onScroll: () => void;
  onWheel: () => void;
  onTouchMove: () => void;
  onKeyDown: () => void;
  onPointerDown: (event: PointerEvent) => void;
}

export function useFollowEnd(log: RefObject<HTMLDivElement | null>, turns: Turn[]): Following {
  const atEnd = useRef(true);
  const top = useRef(0);
  /** The user scrolls, by whatever means, since the end was left. */
  const byHand = useRef(false);
  const running = turns.some(isRunning);
  useStanding(log, turns, atEnd);

  // A message just sent is looked at, wherever the user was.
  const count = turns.length;
  useLayoutEffect(() => {
    if (running && log.current !== null) {
      atEnd.current = true;
      log.current.scrollTop = log.current.scrollHeight;
    }
  }, [count, running]);

  const scrollsByHand = (): void => {
    byHand.current = true;
  };
  return {
    onScroll: () => {
      const element = log.current;
      if (element === null) return;
      // An answer that grows moves the end away, and parts drawn anew move the rest: only who scrolls up leaves the end.
      if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX) {
        atEnd.current = true;
        byHand.current = false;
      } else if (element.scrollTop < top.current && (byHand.current || !running)) atEnd.current = false;
      top.current = element.scrollTop;
    },
    onWheel: scrollsByHand,
    onTouchMove: scrollsByHand,
    onKeyDown: scrollsByHand,
    // The scroll bar is the element itself.
    onPointerDown: (event) => (event.target === log.current ? scrollsByHand() : undefined),
  };
}

/** After each drawing, and when something is drawn late, such as a block that came near. */
function useStanding(log: RefObject<HTMLDivElement | null>, turns: Turn[], atEnd: { current: boolean }): void {
  const before = useRef({ first: '', height: 0, count: 0 });
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
}
