import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { globFor } from '../../src/client/glob';
import { Memory } from '../../src/client/memory';
import { addEvent, TurnStore, type KeptTurn } from '../../src/client/turnStore';
import type { TurnEvent } from '../../src/shared/protocol';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'atomizer-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('memory', () => {
  test('of two windows keeps what each wrote', () => {
    const [one, other] = [new Memory(folder), new Memory(folder)];
    one.update('a', 1);
    other.update('b', 2);
    expect([one.get('b'), other.get('a')]).toEqual([2, 1]);
    one.update('b', undefined);
    expect(other.get('b')).toBeUndefined();
  });

  test('without a folder lasts as long as the window', () => {
    const memory = new Memory(null);
    memory.update('a', 1);
    expect(memory.get('a')).toBe(1);
  });
});

describe('kept turns', () => {
  const turn = (sessionId: string, turnId: string, events: TurnEvent[] = []): KeptTurn => ({
    ...{ key: turnId, turnId, sessionId, message: 'q', events, ended: null, canvasOutcomes: {}, reverted: null },
    about: { studyId: 'bracket' },
  });
  const store = (): TurnStore => new TurnStore(folder, (message) => {
    throw new Error(message);
  });

  test('are there for the next window, and only for their user', () => {
    const first = store();
    first.save(turn('s1', 't1', [{ type: 'text', delta: 'a' }]));
    first.flush();
    expect(store().get('s1', 't1')).toMatchObject({ about: { studyId: 'bracket' }, events: [{ delta: 'a' }] });
    expect(statSync(path.join(folder, 'turns/s1/t1.json')).mode & 0o077).toBe(0);
  });

  test('go with their conversation', () => {
    const first = store();
    first.save(turn('s1', 't1'));
    first.save(turn('s2', 't2'));
    first.flush();
    first.save(turn('s1', 't3'));
    first.forget('s1');
    first.flush();
    expect(readdirSync(path.join(folder, 'turns'))).toEqual(['s2']);
  });

  test('have no names but ids', () => {
    const first = store();
    first.save(turn('../s1', 't1'));
    first.flush();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('are kept without whole specs and with long results cut', () => {
    const first = store();
    const updated: TurnEvent = { type: 'specUpdated', uri: 'file:///s', studyId: null, hashBefore: null, hashAfter: null, valid: true, spec: { big: 1 }, applied: 'disk' };
    first.save(turn('s1', 't1', [updated, { type: 'toolResult', id: 'c', isError: false, summary: 'x'.repeat(1_000_000) }]));
    const kept = JSON.stringify(first.get('s1', 't1'));
    expect(kept).not.toContain('big');
    expect(kept.length).toBeLessThan(100_000);
  });

  test('know which canvas modifications the server applied without asking', () => {
    const first = store();
    const canvasModifications = [{ action: 'remove_node', nodeId: 'dv_001' }];
    const told = { canvasModifications, canvasApplied: { applied: 1, skipped: [] } };
    const done: TurnEvent = { type: 'done', sessionId: 's1', turnId: 't1', status: 'completed', text: 'a', toolCalls: [], specUpdates: [], ...told };
    first.save(turn('s1', 't1', [done]));
    expect(first.get('s1', 't1')?.events).toMatchObject([told]);
  });

  test('of conversations beyond the newest two hundred are forgotten', () => {
    const first = store();
    for (let index = 0; index < 210; index += 1) first.save(turn(`s${index}`, `t${index}`));
    first.flush();
    store();
    expect(readdirSync(path.join(folder, 'turns'))).toHaveLength(200);
  });

  test('join deltas that follow each other', () => {
    const events: TurnEvent[] = [];
    for (const event of [{ type: 'text', delta: 'a' }, { type: 'text', delta: 'b' }, { type: 'thinking', delta: 'c' }, { type: 'text', delta: 'd' }] as const) addEvent(events, event);
    expect(events).toEqual([{ type: 'text', delta: 'ab' }, { type: 'thinking', delta: 'c' }, { type: 'text', delta: 'd' }]);
  });
});

describe('the glob for a part of a path', () => {
  test('fits in any case, and takes what means something in globs for any character', () => {
    expect(globFor('a1')).toBe('{**/*[aA]1*,**/*[aA]1*/**}');
    expect(globFor('{*}')).toBe('{**/*???*,**/*???*/**}');
    expect(globFor('')).toBe('**');
  });
});
