import { describe, expect, test } from 'vitest';
import { Backoff } from '../../src/client/backoff';
import { colourNodes, moveEdits, offsetOf } from '../../src/client/canvasText';
import { findServer, type Places } from '../../src/client/findServer';
import { carried, minimalChange } from '../../src/client/minimalChange';

describe('finding the server', () => {
  const places = (programs: string[], change: Partial<Places> = {}): Places => ({
    setting: '',
    extensionFolder: '/ext',
    environment: { PATH: 'relative:/usr/bin:/opt/bin', HOME: '/home/me' },
    platform: 'linux',
    isProgram: (file) => programs.includes(file),
    ...change,
  });

  test('takes the setting before anything else', () => {
    const found = findServer(places(['/home/me/x', '/ext/server/atomizer-lsp'], { setting: '~/x' }));
    expect(found).toEqual({ program: '/home/me/x', from: 'setting' });
  });

  test('says what is wrong with the setting instead of looking further', () => {
    const found = findServer(places(['/ext/server/atomizer-lsp'], { setting: '/gone' }));
    expect(found).toMatchObject({ program: null, message: expect.stringContaining('/gone') as string });
  });

  test('takes the environment, then the bundled one, then the PATH in order', () => {
    const all = ['/env/x', '/ext/server/atomizer-lsp', '/usr/bin/atomizer-lsp', '/opt/bin/atomizer-lsp'];
    expect(findServer(places(all, { environment: { ATOMIZER_LSP: '/env/x' } }))).toMatchObject({ from: 'environment' });
    expect(findServer(places(all))).toMatchObject({ from: 'bundled' });
    expect(findServer(places(all.slice(2)))).toEqual({ program: '/usr/bin/atomizer-lsp', from: 'PATH' });
  });

  test('never runs a program from a relative folder', () => {
    expect(findServer(places(['relative/atomizer-lsp']))).toMatchObject({ program: null });
  });

  test('looks for the .exe on Windows', () => {
    expect(findServer(places(['/ext/server/atomizer-lsp.exe'], { platform: 'win32' }))).toMatchObject({ from: 'bundled' });
  });
});

describe('back-off', () => {
  test('doubles up to half a minute, and begins anew after a steady run', () => {
    let now = 0;
    const backoff = new Backoff(() => now);
    const delays = Array.from({ length: 8 }, () => backoff.nextDelay());
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    backoff.started();
    now = 60_000;
    expect(backoff.nextDelay()).toBe(500);
  });

  test('given up is no time to start', async () => {
    const backoff = new Backoff();
    const waiting = backoff.wait();
    backoff.cancel();
    expect(await waiting).toBe(false);
  });
});

describe('the smallest replacement', () => {
  test.each([
    ['abc', 'abc'],
    ['abc', 'axc'],
    ['aaa', 'aaaa'],
    ['', 'x'],
    ['x😀y', 'x😁y'],
    ['a\r\nb', 'a\r\n\r\nb'],
    ['a\nb', 'a\r\nb'],
  ])('turns %j into %j and cuts no character', (from, to) => {
    const change = minimalChange(from, to);
    const result = change === null ? from : from.slice(0, change.start) + change.insert + from.slice(change.end);
    expect(result).toBe(to);
    expect(change?.insert.isWellFormed() ?? true).toBe(true);
  });
});

describe('what was unsaved, carried onto the text of a file', () => {
  test.each([
    ['ab', 'ab', 'axb', 'axb'],
    ['ab', 'axb', 'ab', 'axb'],
    ['ab cd', 'axb cd', 'ab cyd', 'axb cyd'],
    ['ab cd', 'ab cyd', 'axb cd', 'axb cyd'],
    ['ab', 'axb', 'ayb', 'axyb'],
    ['abcd', 'xd', 'abyd', 'xyd'],
  ])('%j, changed to %j and to %j, becomes %j', (base, mine, now, both) => {
    expect(carried(base, mine, now)).toBe(both);
  });
});

describe('canvas and text', () => {
  const text = `{
  "model": { "sim": { "path": "x.sim" } },
  "design_variables": [
    { "id": "dv_001", "name": "web", "canvas_position": { "x": 50, "y": 80.0 } },
    { "id": "dv_002", "name": "flange" }
  ]
}
`;
  const node = (id: string): { id: string; kind: string; label: string; position: null } => ({ id, kind: 'designVar', label: id, position: null });

  test('finds where a node is written', () => {
    expect(offsetOf(text, 'dv_002')).toBe(text.indexOf('{ "id": "dv_002"'));
    expect(offsetOf(text, 'nothing')).toBeNull();
  });

  test('moves a node by changing its numbers only', () => {
    const edits = moveEdits(text, [{ id: 'dv_001', x: 60.4, y: 80 }]);
    expect(apply(text, edits)).toBe(text.replace('"x": 50, "y": 80.0', '"x": 60, "y": 80'));
  });

  test('moves a node whose place lacks a number by one edit', () => {
    for (const place of ['{}', '{ "y": 1 }']) {
      const lacking = text.replace('{ "x": 50, "y": 80.0 }', place);
      const moved = JSON.parse(apply(lacking, moveEdits(lacking, [{ id: 'dv_001', x: 60, y: 70 }]))) as { design_variables: unknown[] };
      expect(moved.design_variables[0]).toMatchObject({ canvas_position: { x: 60, y: 70 } });
    }
  });

  test('gives a node its place, and a fixed one none', () => {
    const moved = JSON.parse(apply(text, moveEdits(text, [{ id: 'dv_002', x: 1, y: 2 }]))) as { design_variables: unknown[] };
    expect(moved.design_variables[1]).toMatchObject({ canvas_position: { x: 1, y: 2 } });
    expect(moveEdits(text, [{ id: 'model', x: 1, y: 2 }])).toEqual([]);
  });

  test('colours a node by its worst problem', () => {
    const at = (needle: string, error: boolean): { offset: number; error: boolean; warning: boolean; message: string } => ({
      offset: text.indexOf(needle),
      error,
      warning: !error,
      message: needle,
    });
    const nodes = colourNodes(text, [node('dv_001'), node('dv_002'), node('solver')], [at('50', true), at('"web"', false), at('"x.sim"', false)]);
    expect(nodes.map(({ problem }) => problem)).toEqual(['error', 'none', 'warning']);
  });
});

function apply(text: string, edits: { offset: number; length: number; content: string }[]): string {
  return [...edits]
    .sort((a, b) => b.offset - a.offset)
    .reduce((now, { offset, length, content }) => now.slice(0, offset) + content + now.slice(offset + length), text);
}
