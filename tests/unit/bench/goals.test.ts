import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/proxy/goals.ts';
import type { Summary } from '../../../bench/proxy/summary.ts';
import type { TargetName } from '../../../bench/proxy/target.ts';

const at = (value: number) => ({ median: value, min: value, max: value });
const summary = (name: TargetName, perSecond: number, more: Partial<Summary> = {}): Summary => ({
  name,
  version: '',
  requestsPerSecond: at(perSecond),
  p50Ms: at(1),
  p99Ms: at(2),
  addedP50Ms: name === 'direct' ? null : at(0.4),
  addedP99Ms: null,
  addedFirstTokenMs: null,
  cancels: { streams: 50, opened: 50, reached: 50 },
  memory: null,
  ended: null,
  failed: 0,
  failures: {},
  ...more,
});
const reached = (summaries: Summary[]) => judge(summaries).map((verdict) => verdict.reached);

describe('judge', () => {
  const others = [summary('direct', 10_000), summary('portkey', 500)];

  it('finds each goal reached at its limit', () => {
    expect(reached([...others, summary('switchgear', 3_000)])).toEqual([true, true, true, true]);
  });

  it('finds each goal missed just beyond it', () => {
    const late = { addedP50Ms: at(0.51), cancels: { streams: 50, opened: 50, reached: 49 } };
    expect(reached([...others, summary('switchgear', 2_999, late)])).toEqual([false, false, false, false]);
  });

  it('leaves open what needs a target that was not measured', () => {
    expect(reached([summary('direct', 10_000), summary('switchgear', 5_000)])).toEqual([
      null,
      true,
      true,
      true,
    ]);
    expect(reached(others)).toEqual([null, null, null, null]);
  });

  it('claims nothing beside failed requests', () => {
    const verdicts = judge([...others, summary('switchgear', 9_000, { failed: 3 })]);
    expect(verdicts.map((verdict) => verdict.reached)).toEqual([false, false, false, false]);
    expect(verdicts[0]?.measured).toContain('3 failed requests');
  });
});
