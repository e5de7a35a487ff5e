/** The one replacement that turns a text into another: what is left between their common start and end. */
export interface TextChange {
  start: number;
  end: number;
  insert: string;
}

/** Null when they are equal. Never cuts a surrogate pair or a CRLF. */
export function minimalChange(from: string, to: string): TextChange | null {
  if (from === to) return null;
  const most = Math.min(from.length, to.length);
  let start = 0;
  while (start < most && from[start] === to[start]) start += 1;
  while (start > 0 && splits(from, to, start)) start -= 1;
  let same = 0;
  while (same < most - start && from[from.length - 1 - same] === to[to.length - 1 - same]) same += 1;
  while (same > 0 && (cuts(from, from.length - same) || cuts(to, to.length - same))) same -= 1;
  return { start, end: from.length - same, insert: to.slice(start, to.length - same) };
}

/**
 * `now` with what changed from `base` to `mine`. Where `now` has a change in the same place both are kept, mine first.
 */
export function carried(base: string, mine: string, now: string): string {
  const change = minimalChange(base, mine);
  const other = minimalChange(base, now);
  if (change === null) return now;
  if (other === null) return mine;
  if (change.end <= other.start) return replaced(now, change, 0);
  if (change.start >= other.end) return replaced(now, change, now.length - base.length);
  const at = change.start + change.insert.length;
  return mine.slice(0, at) + other.insert + mine.slice(at);
}

function replaced(text: string, { start, end, insert }: TextChange, shift: number): string {
  return text.slice(0, start + shift) + insert + text.slice(end + shift);
}

function splits(from: string, to: string, at: number): boolean {
  return cuts(from, at) || cuts(to, at);
}

function cuts(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return (before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff) || (before === 0x0d && after === 0x0a);
}
