import { describe, expect, test } from 'vitest';
import { describeChange } from '../../src/shared/describe';

const spec = (variable: object, more: object = {}): string =>
  JSON.stringify({ meta: { status: 'ready' }, design_variables: [{ id: 'dv_001', name: 'web thickness', units: 'mm', ...variable }], ...more });

describe('a change in words', () => {
  test.each([
    [{ bounds: { min: 3, max: 12 } }, { bounds: { min: 3, max: 14 } }, ['web thickness: max 12 → 14 mm']],
    [{ baseline: 8 }, { baseline: 9 }, ['web thickness: baseline 8 → 9 mm']],
    [{ enabled: true }, { enabled: false }, ['web thickness: enabled true → false']],
    [{}, { step: 0.5 }, ['web thickness: step added: 0.5 mm']],
    [{ step: 0.5 }, {}, ['web thickness: step removed (was 0.5 mm)']],
    [{ canvas_position: { x: 1, y: 2 } }, { canvas_position: { x: 5, y: 2 } }, ['web thickness: moved on the canvas']],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, []],
  ])('%j to %j', (before, after, words) => {
    expect(describeChange(spec(before), spec(after))).toEqual(words);
  });

  test('names entries that came and went', () => {
    const after = JSON.stringify({ meta: { status: 'ready' }, design_variables: [{ id: 'dv_002', name: 'flange' }] });
    expect(describeChange(spec({}), after)).toEqual(['variable removed: web thickness', 'variable added: flange']);
  });

  test('speaks of what is outside the lists by its path', () => {
    expect(describeChange(spec({}, { optimization: { budget: { max_trials: 100 } } }), spec({}, { optimization: { budget: { max_trials: 200 } } }))).toEqual([
      'optimization: budget max trials 100 → 200',
    ]);
  });

  test('stays short', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ id: `dv_${String(index)}`, name: `v${String(index)}` }));
    expect(describeChange('{}', JSON.stringify({ design_variables: many }))).toHaveLength(12);
  });

  test('of whole files', () => {
    expect(describeChange(null, '{}')).toEqual(['new file']);
    expect(describeChange('{}', null)).toEqual(['file removed']);
    expect(describeChange('{}', '{')).toEqual(['not valid JSON']);
  });
});
