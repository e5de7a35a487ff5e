// @vitest-environment jsdom
import { describe, expect, test } from 'vitest';
import { renderMarkdown } from '../../src/panel/renderMarkdown';
import { Splitter, type Piece } from '../../src/panel/splitMarkdown';

describe('markdown', () => {
  test('highlights code of a known language', () => {
    expect(renderMarkdown('```json\n{"a": 1}\n```')).toContain('hljs-attr');
  });

  test('shows code of an unknown language as it is', () => {
    expect(renderMarkdown('```zzz\n<b>\n```')).toContain('&lt;b&gt;');
  });

  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['a handler', '<img src=x onerror=alert(1)>'],
    ['an image', '![x](https://example.org/x.png)'],
    ['a frame', '<iframe src="https://example.org"></iframe>'],
  ])('lets no element through: %s', (_name, text) => {
    const page = new DOMParser().parseFromString(renderMarkdown(text), 'text/html');
    expect(page.querySelector('script, img, iframe')).toBeNull();
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'command:workbench.action.quit', 'vscode://x'])('makes no link of %s', (address) => {
    const page = new DOMParser().parseFromString(renderMarkdown(`[x](${address})`), 'text/html');
    expect(page.querySelector('a[href]')).toBeNull();
  });

  test('keeps web links', () => {
    expect(renderMarkdown('[x](https://example.org)')).toContain('href="https://example.org"');
  });
});

const split = (text: string): Piece[] => new Splitter().groups(text).flat();
const lines = (count: number, line: (index: number) => string): string => Array.from({ length: count }, (_, index) => line(index)).join('\n');
const LONG: [string, string][] = [
  ['a paragraph', lines(1000, (index) => `line ${index}`)],
  ['code', `\`\`\`python\n${lines(1000, (index) => `x = ${index}`)}\n\`\`\`\n`],
  ['code that is not closed', `~~~\n${lines(1000, (index) => `- ${index}`)}`],
  ['a list', lines(1000, (index) => `- item ${index}\n  more`)],
  ['a numbered list', lines(1000, (index) => `${index + 1}. item`)],
  ['a table', `| a | b |\n|---|---|\n${lines(1000, (index) => `| ${index} | x |`)}`],
];

describe('pieces', () => {
  test.each([
    'one\n\ntwo\n\nthree',
    '```python\na\n\nb\n```\n\nafter',
    '- a\n\n- b\n\n  c\n\nafter',
    '```\nnever closed\n\nstill code',
    '',
    ...LONG.map(([, text]) => text),
  ])('joined are the text: %.20j', (text) => {
    expect(split(text).map(({ source }) => source).join('')).toBe(text);
  });

  test('never cut short code or lists', () => {
    expect(split('```\na\n\nb\n```\n\nend')).toHaveLength(2);
    expect(split('1. a\n\n2. b\n\nend')).toHaveLength(2);
  });

  test.each(LONG)('of %s have few lines each', (_name, text) => {
    expect(Math.max(...split(text).map((piece) => piece.lines))).toBeLessThan(160);
  });

  test.each(LONG)('of %s show what the whole shows', (_name, text) => {
    const page = (html: string): Document => new DOMParser().parseFromString(html, 'text/html');
    const shown = split(text).map((piece) => {
      const { body } = page(renderMarkdown(piece.text));
      if (piece.continues) body.querySelector('thead')?.remove();
      return body;
    });
    const words = (nodes: Element[]): string => nodes.map(({ textContent }) => textContent).join(' ').replace(/\s+/g, ' ').trim();
    const whole = page(renderMarkdown(text)).body;
    expect(words(shown)).toBe(words([whole]));
    const count = (selector: string): number => shown.reduce((sum, body) => sum + body.querySelectorAll(selector).length, 0);
    for (const selector of ['li', 'td']) expect(count(selector)).toBe(whole.querySelectorAll(selector).length);
  });

  test('of a numbered list go on counting, whatever its numbers are', () => {
    const pieces = split(lines(400, () => '1. item'));
    const starts = pieces.map(({ text }) => /start="(\d+)"/.exec(renderMarkdown(text))?.[1] ?? '1');
    expect(starts).toEqual(['1', '151', '301']);
  });

  test.each(['one\n\n```js\nx\n\ny\n```\n\ntwo **bold** and more\n\n- a\n\n- b\n\nthree', ...LONG.map(([, text]) => text.slice(0, 4000))])(
    'are the same when the text grew: %.20j',
    (text) => {
      const growing = new Splitter();
      for (let length = 0; length < text.length; length += 7) {
        expect(growing.groups(text.slice(0, length)).flat()).toEqual(split(text.slice(0, length)));
      }
    },
  );

  test('that stand are kept as they are when the text grows', () => {
    const splitter = new Splitter();
    const [, text = ''] = LONG[0] ?? [];
    const before = splitter.groups(text);
    const after = splitter.groups(`${text} and more`);
    expect(before.length).toBeGreaterThan(2);
    for (const [index, group] of before.slice(0, -1).entries()) expect(after[index]).toBe(group);
  });

  test('begin anew when the text is another one', () => {
    const splitter = new Splitter();
    splitter.groups('one\n\ntwo\n');
    expect(splitter.groups('three\n').flat().map(({ text }) => text)).toEqual(['three\n']);
  });
});
