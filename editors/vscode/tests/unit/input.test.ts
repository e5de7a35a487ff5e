import { describe, expect, test } from 'vitest';
import { append, droppedPaths, insertCompletion, recallable, triggerAt } from '../../src/panel/input';
import { diffLines } from '../../src/shared/lines';

describe('completion in the input', () => {
  test.each([
    ['look at @we', { trigger: '@', query: 'we', start: 8 }],
    ['@', { trigger: '@', query: '', start: 0 }],
    ['/mo', { trigger: '/', query: 'mo', start: 0 }],
    ['a/mo', null],
    ['me@example', null],
    ['@web ', null],
  ])('%j', (text, found) => {
    expect(triggerAt(text, text.length)).toEqual(found);
  });

  test('replaces the word with its mark', () => {
    const text = 'look at @we please';
    expect(insertCompletion(text, 11, { trigger: '@', query: 'we', start: 8 }, 'web (dv_001)')).toEqual({
      text: 'look at web (dv_001) please',
      caret: 21,
    });
  });
});

test('recalls each message once, newest first', () => {
  expect(recallable(['a', 'b', '', 'a'])).toEqual(['a', 'b']);
});

test('a drop gives paths of files and nothing else', () => {
  expect(droppedPaths('# x\nfile:///a/b%20c.json\nhttps://example.org/x\nnonsense')).toEqual(['/a/b c.json']);
  expect(append('look at', '/a')).toBe('look at /a');
});

test('a diff keeps what is the same around the change', () => {
  expect(diffLines('a\nb\nc', 'a\nx\nc').map(({ sign, text }) => sign + text)).toEqual([' a', '-b', '+x', ' c']);
});
