/** Draws its children only near the visible part of the conversation; elsewhere an empty box of their height stands. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** This far outside the visible part children are still drawn. */
const MARGIN = '1500px 0px';
const GUESS_PX = 120;

interface Properties {
  children: ComponentChildren;
  /** Always drawn, such as the turn that is running. */
  keep?: boolean;
  /** Drawn at first, before anything is known of where it lies. */
  initially?: boolean;
  /** Height before anything was drawn, in pixels. */
  guess?: number;
}

export function Virtual({ children, keep = false, initially = false, guess = GUESS_PX }: Properties): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const height = useRef<number | null>(null);
  const [near, setNear] = useState(initially);
  const drawn = near || keep;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        if (last !== undefined) setNear(last.isIntersecting);
      },
      { root: element.closest('[role=log]'), rootMargin: MARGIN },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || !drawn) return undefined;
    const observer = new ResizeObserver(() => {
      if (element.offsetHeight > 0) height.current = element.offsetHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [drawn]);

  // What holds the focus stays: a keyboard user is not thrown out by scrolling.
  const focused = box.current?.contains(document.activeElement) === true;
  return (
    <div ref={box} class="virtual" style={drawn || focused ? undefined : { height: `${height.current ?? guess}px` }}>
      {drawn || focused ? children : null}
    </div>
  );
}
