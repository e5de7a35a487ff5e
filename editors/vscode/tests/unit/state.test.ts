import { describe, expect, test } from 'vitest';
import type { Message, PermissionQuestion, TurnEvent } from '../../src/shared/protocol';
import type { TurnRecord } from '../../src/shared/messages';
import { INITIAL, questionsElsewhere, reduce, type Action, type State } from '../../src/panel/state';
import { answerOf, isRunning, turnsOf, type Turn } from '../../src/panel/turn';

const KEY = 'k1';
const STARTED: TurnEvent = { type: 'started', sessionId: 's1', turnId: 't1' };
const ASKED: TurnEvent = { type: 'permission', requestId: 'r1', toolName: 'Bash', input: { command: 'ls' }, decision: 'asked' };

const QUESTION: PermissionQuestion = { sessionId: 's1', turnId: 't1', requestId: 'r1', toolName: 'Bash', input: { command: 'ls' } };

function run(...actions: Action[]): State {
  return actions.reduce(reduce, INITIAL);
}

function turnAfter(...events: TurnEvent[]): Turn {
  const state = run({ type: 'sent', key: KEY, message: 'hello' }, ...events.map((event): Action => ({ type: 'event', key: KEY, event })));
  const turn = state.turns[0];
  if (turn === undefined) throw new Error('no turn');
  return turn;
}

const DONE: Extract<TurnEvent, { type: 'done' }> = {
  ...{ type: 'done', sessionId: 's1', turnId: 't1', status: 'completed', text: 'ab', toolCalls: [] },
  ...{ canvasModifications: [], specUpdates: [], usage: { inputTokens: 1, outputTokens: 2, durationMs: 3 } },
};

/** Of three canvas modifications the first was taken back, and the server applied one of the others without asking. */
const PROPOSED = ['dv_001', 'dv_002', 'dv_003'].map((nodeId) => ({ action: 'remove_node', nodeId }));
const PROPOSALS = PROPOSED.map((modification): TurnEvent => ({ type: 'canvasModification', modification: { ...modification } }));
const DONE_UNASKED: TurnEvent = {
  ...{ ...DONE, canvasModifications: PROPOSED.slice(1) },
  canvasApplied: { applied: 1, skipped: [{ index: 1, reason: 'there is no dv_003' }] },
};
const OUTCOMES = ['', 'Applied without asking, as the setting atomizer.canvas.applyModifications says.', 'Not applied: there is no dv_003'];

describe('a turn', () => {
  test('waits until it has started', () => {
    expect(turnAfter().status).toBe('waiting');
    expect(turnAfter(STARTED)).toMatchObject({ status: 'running', turnId: 't1' });
  });

  test('joins deltas of the same kind and keeps the order of kinds', () => {
    const turn = turnAfter(STARTED, { type: 'thinking', delta: 'hm' }, { type: 'text', delta: 'a' }, { type: 'text', delta: 'b' });
    expect(turn.parts).toEqual([
      { kind: 'thinking', text: 'hm' },
      { kind: 'text', text: 'ab' },
    ]);
  });

  test('shows its place in the queue until it gets its turn', () => {
    expect(turnAfter(STARTED, { type: 'queued', position: 2 })).toMatchObject({ status: 'queued', queuePosition: 2 });
    expect(turnAfter(STARTED, { type: 'queued', position: 2 }, { type: 'text', delta: 'a' })).toMatchObject({ status: 'running', queuePosition: null });
  });

  test('gives a tool its result', () => {
    const call: TurnEvent = { type: 'toolCall', id: 'c1', name: 'Read', input: {} };
    expect(turnAfter(call).parts[0]).toMatchObject({ state: 'running' });
    expect(turnAfter(call, { type: 'toolResult', id: 'c1', isError: true, summary: 'no' }).parts[0]).toMatchObject({ state: 'failed', summary: 'no' });
  });

  test('forgets that the API was in trouble when an answer comes', () => {
    const retrying: TurnEvent = { type: 'retrying', attempt: 1, maxAttempts: 10, delayMs: 500, message: 'overloaded' };
    expect(turnAfter(retrying).retrying).toMatchObject({ attempt: 1 });
    expect(turnAfter(retrying, { type: 'text', delta: 'a' }).retrying).toBeNull();
  });

  test('takes back text that the program took back, and leaves tools where they were', () => {
    const call: TurnEvent = { type: 'toolCall', id: 'c1', name: 'Read', input: {} };
    const turn = turnAfter({ type: 'text', delta: 'one ' }, call, { type: 'text', delta: 'two three' }, { type: 'textReset', text: 'one two' });
    expect(turn.parts.map((part) => (part.kind === 'text' ? part.text : part.kind))).toEqual(['one ', 'tool', 'two']);
    expect(answerOf(turn)).toBe('one two');
  });

  test('that is done keeps its usage and closes what was open', () => {
    const turn = turnAfter(STARTED, ASKED, { type: 'toolCall', id: 'c1', name: 'Read', input: {} }, DONE);
    expect(turn).toMatchObject({ status: 'completed', usage: { outputTokens: 2 } });
    expect(turn.parts).toMatchObject([{ decision: 'withdrawn' }, { state: 'cut' }]);
  });

  test('whose request fails without an event shows the error', () => {
    const error = { kind: 'claudeNotFound', message: 'no claude' };
    const state = run({ type: 'sent', key: KEY, message: 'x' }, { type: 'ended', key: KEY, error, cancelled: false });
    expect(state.turns[0]).toMatchObject({ status: 'failed', error });
  });

  test('is not changed by the answer to its request after done', () => {
    const before = run({ type: 'sent', key: KEY, message: 'x' }, { type: 'event', key: KEY, event: { ...DONE, status: 'cancelled' } });
    expect(reduce(before, { type: 'ended', key: KEY, error: null, cancelled: false }).turns[0]?.status).toBe('cancelled');
  });

  test('numbers its canvas modifications', () => {
    const modification = { action: 'remove_node', nodeId: 'dv_001' };
    const event: TurnEvent = { type: 'canvasModification', modification };
    const state = run(...[STARTED, event, event].reduce<Action[]>((all, it) => [...all, { type: 'event', key: KEY, event: it }], [{ type: 'sent', key: KEY, message: 'x' }]));
    const applied = reduce(state, { type: 'canvasApplied', turnId: 't1', index: 1, message: 'Applied.' });
    expect(applied.turns[0]?.parts).toMatchObject([{ index: 0, outcome: '' }, { index: 1, outcome: 'Applied.' }]);
  });
});

describe('canvas modifications that the server applied without asking', () => {
  const outcomes = (turn: Turn | undefined): string[] => (turn?.parts ?? []).flatMap((part) => (part.kind === 'canvas' ? [part.outcome] : []));

  test('say what came of them when the turn is over, and not before', () => {
    expect(outcomes(turnAfter(STARTED, ...PROPOSALS))).toEqual(['', '', '']);
    expect(outcomes(turnAfter(STARTED, ...PROPOSALS, DONE_UNASKED))).toEqual(OUTCOMES);
    expect(outcomes(turnAfter(STARTED, ...PROPOSALS, DONE))).toEqual(['', '', '']);
  });

  test('say so again after a reload, beside what the user applied later', () => {
    const kept = { ...record([STARTED, ...PROPOSALS, DONE_UNASKED], { error: null, cancelled: false }), canvasOutcomes: { 0: 'Applied.' } };
    const state = run({ type: 'conversation', session: null, title: '', messages: [], records: [], more: false, live: kept });
    expect(outcomes(state.turns[0])).toEqual(['Applied.', ...OUTCOMES.slice(1)]);
  });
});

describe('a question', () => {
  test('gets its description whether it comes before or after the event', () => {
    const question: Action = { type: 'question', question: { ...QUESTION, description: 'lists files' } };
    const event: Action = { type: 'event', key: KEY, event: ASKED };
    for (const order of [[question, event], [event, question]]) {
      const state = run({ type: 'sent', key: KEY, message: 'x' }, ...order);
      expect(state.turns[0]?.parts[0]).toMatchObject({ decision: 'asked', description: 'lists files' });
    }
  });

  test('is answered once', () => {
    const decided: TurnEvent = { ...ASKED, decision: 'denied', reason: 'no' };
    expect(turnAfter(ASKED, decided).parts).toMatchObject([{ decision: 'denied', reason: 'no' }]);
  });

  test('that was withdrawn before its event cannot be answered', () => {
    const state = run({ type: 'sent', key: KEY, message: 'x' }, { type: 'withdrawn', requestId: 'r1' }, { type: 'event', key: KEY, event: ASKED });
    expect(state.turns[0]?.parts[0]).toMatchObject({ decision: 'withdrawn' });
  });
});

function record(events: TurnEvent[], ended: TurnRecord['ended']): TurnRecord {
  return { key: KEY, turnId: 't1', sessionId: 's1', message: 'q', events, ended, canvasOutcomes: {}, reverted: null };
}

describe('a stored conversation', () => {
  const message = (id: number, role: Message['role'], content: string, turnId: string, status: Message['status'] = 'completed'): Message => ({
    ...{ id, role, content, turnId, status, toolCalls: [], createdAt: '2026-01-01T00:00:00Z' },
  });

  test('becomes turns of a message and its answer', () => {
    const turns = turnsOf([message(1, 'user', 'q', 't1'), message(2, 'assistant', 'a', 't1'), message(3, 'user', 'r', 't2')], []);
    expect(turns.map((turn) => [turn.message, answerOf(turn)])).toEqual([['q', 'a'], ['r', '']]);
  });

  test('shows a turn that was cut off as interrupted', () => {
    for (const status of ['running', 'interrupted'] as const) {
      const [turn] = turnsOf([message(1, 'user', 'q', 't1', status), message(2, 'assistant', 'half', 't1', status)], []);
      expect(turn?.status).toBe('interrupted');
    }
  });

  test('begins with an answer when its question is on an older page', () => {
    expect(turnsOf([message(2, 'assistant', 'a', 't1')], [])).toHaveLength(1);
  });

  test('goes on with the turn that is running', () => {
    const live = record([STARTED, { type: 'text', delta: 'x' }], null);
    const state = run({ type: 'conversation', session: null, title: '', messages: [message(1, 'user', 'q', 't0')], records: [], more: false, live });
    expect(state.turns.map(isRunning)).toEqual([false, true]);
  });

  test('takes older messages in front, of the same conversation only', () => {
    const session = { sessionId: 's1', mode: 'user', studyId: null, title: '', createdAt: '', lastActive: '', messageCount: 2, busy: false, live: true } as const;
    const state = run({ type: 'conversation', session, title: '', messages: [message(5, 'user', 'new', 't5')], records: [], more: true, live: null });
    const older: Action = { type: 'older', sessionId: 's1', messages: [message(3, 'user', 'old', 't3')], records: [], more: false };
    expect(reduce(state, older)).toMatchObject({ oldest: 3, more: false, turns: [{ message: 'old' }, { message: 'new' }] });
    expect(reduce(state, { ...older, sessionId: 'other' })).toBe(state);
  });

  test('shows a turn as it was seen: thoughts, order, questions, usage, problems, what was applied and reverted', () => {
    const introduced = [{ uri: 'file:///s', code: 'bounds-inverted', message: 'no', pointer: '/x' }];
    const events: TurnEvent[] = [
      STARTED,
      { type: 'thinking', delta: 'hm' },
      { type: 'text', delta: 'a' },
      { ...ASKED, decision: 'allowed' },
      { type: 'toolCall', id: 'c1', name: 'Bash', input: {} },
      { type: 'toolResult', id: 'c1', isError: false, summary: 'ok' },
      { type: 'text', delta: 'b' },
      { type: 'canvasModification', modification: { action: 'remove_node' } },
      { ...DONE, introduced },
    ];
    const kept = { ...record(events, { error: null, cancelled: false }), canvasOutcomes: { 0: 'Applied.' }, reverted: { message: 'Reverted.', failed: false } };
    const [turn] = turnsOf([message(1, 'user', 'q', 't1'), message(2, 'assistant', 'ab', 't1')], [kept]);
    expect(turn?.parts.map(({ kind }) => kind)).toEqual(['thinking', 'text', 'permission', 'tool', 'text', 'canvas']);
    expect(turn).toMatchObject({ status: 'completed', introduced, usage: { outputTokens: 2 }, reverted: { message: 'Reverted.' } });
    expect(turn?.parts.at(-1)).toMatchObject({ outcome: 'Applied.' });
  });

  test('shows what went wrong in a turn that was recorded, and that something did in one that was not', () => {
    const error = { kind: 'claudeFailed', message: '529' };
    const stored = [message(1, 'user', 'q', 't1', 'failed'), message(2, 'assistant', '', 't1', 'failed')];
    const events: TurnEvent[] = [STARTED, { type: 'error', error }, { ...DONE, status: 'failed' }];
    expect(turnsOf(stored, [record(events, { error: null, cancelled: false })])[0]).toMatchObject({ status: 'failed', error });
    expect(turnsOf(stored, [])[0]).toMatchObject({ status: 'failed', error: { kind: 'failed' } });
  });

  test('shows a turn as interrupted that was cancelled when its window went, and as stopped when its user did', () => {
    const stored = [message(1, 'user', 'q', 't1', 'cancelled'), message(2, 'assistant', 'half', 't1', 'cancelled')];
    const events: TurnEvent[] = [STARTED, { type: 'text', delta: 'half' }];
    expect(turnsOf(stored, [record(events, null)])[0]?.status).toBe('interrupted');
    expect(turnsOf(stored, [record(events, { error: null, cancelled: true })])[0]?.status).toBe('cancelled');
  });

  test('takes the end of a turn that was cut off from the store', () => {
    const stored = [message(1, 'user', 'q', 't1'), message(2, 'assistant', 'half and more', 't1', 'interrupted')];
    for (const ended of [null, { error: { kind: 'serverEnded', message: 'gone' }, cancelled: false }]) {
      const [turn] = turnsOf(stored, [record([STARTED, { type: 'thinking', delta: 'hm' }, { type: 'text', delta: 'half' }], ended)]);
      expect(turn).toMatchObject({ status: 'interrupted', error: null, parts: [{ kind: 'thinking' }, { text: 'half and more' }] });
    }
  });
});

describe('a question of a turn that the server began itself', () => {
  test('is shown until it is answered', () => {
    const state = run({ type: 'question', question: QUESTION });
    expect(questionsElsewhere(state)).toHaveLength(1);
    expect(questionsElsewhere(reduce(state, { type: 'answered', requestId: 'r1', decision: 'allowed' }))).toEqual([]);
  });

  test('is none of a turn that is shown', () => {
    const state = run({ type: 'sent', key: KEY, message: 'x' }, { type: 'event', key: KEY, event: STARTED }, { type: 'question', question: QUESTION });
    expect(questionsElsewhere(state)).toEqual([]);
  });
});

test('completions of what was typed before do not replace those of what is typed now', () => {
  const item = { label: 'web thickness', detail: 'dv_001', insert: 'web thickness (dv_001)', icon: 'symbol-variable' };
  const state = run({ type: 'completions', id: 4, items: [item] }, { type: 'completions', id: 3, items: [] });
  expect(state.completions).toEqual({ id: 4, items: [item] });
});
