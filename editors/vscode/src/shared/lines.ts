/** A short text as a diff by lines, for questions: what would go and what would come. */
export interface DiffLine {
  sign: ' ' | '-' | '+';
  text: string;
}

/** Lines that are the same at the start and end are kept as they are; what lies between goes and comes whole. */
export function diffLines(before: string, after: string): DiffLine[] {
  const from = before === '' ? [] : before.split('\n');
  const to = after === '' ? [] : after.split('\n');
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1;
  let end = 0;
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  const line = (sign: DiffLine['sign']) => (text: string): DiffLine => ({ sign, text });
  return [
    ...from.slice(0, start).map(line(' ')),
    ...from.slice(start, from.length - end).map(line('-')),
    ...to.slice(start, to.length - end).map(line('+')),
    ...from.slice(from.length - end).map(line(' ')),
  ];
}
