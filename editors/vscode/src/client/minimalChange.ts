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

function splits(from: string, to: string, at: number): boolean {
  return cuts(from, at) || cuts(to, at);
}

function cuts(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return (before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff) || (before === 0x0d && after === 0x0a);
}
