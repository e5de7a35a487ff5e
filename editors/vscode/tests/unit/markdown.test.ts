// @vitest-environment jsdom
import { describe, expect, test } from 'vitest';
import { renderMarkdown, splitBlocks } from '../../src/panel/renderMarkdown';

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

describe('blocks', () => {
  test.each([
    'one\n\ntwo\n\nthree',
    '```python\na\n\nb\n```\n\nafter',
    '- a\n\n- b\n\n  c\n\nafter',
    '```\nnever closed\n\nstill code',
    '',
  ])('joined are the text: %j', (text) => {
    expect(splitBlocks(text).join('')).toBe(text);
  });

  test('never cut code or lists', () => {
    expect(splitBlocks('```\na\n\nb\n```\n\nend')).toHaveLength(2);
    expect(splitBlocks('1. a\n\n2. b\n\nend')).toHaveLength(2);
  });

  test('that stand do not change when the text grows', () => {
    const text = 'one\n\n```js\nx\n\ny\n```\n\ntwo **bold** and more\n\nthree';
    for (let length = 1; length < text.length; length += 1) {
      const before = splitBlocks(text.slice(0, length)).slice(0, -1);
      expect(splitBlocks(text).slice(0, before.length)).toEqual(before);
    }
  });
});
