import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/cache/goals.ts';
import { judge as judgeHitRate } from '../../../bench/hit-rate/goals.ts';
import { WORKLOADS } from '../../../bench/hit-rate/workloads.ts';

describe('the goals of the cache', () => {
  const AT_LIMIT = { memoryOverBare: 0.7, memoryP50: 1.5, stampedeCalls: 1 };
  const reached = (figures: typeof AT_LIMIT) => judge(figures).map((verdict) => verdict.reached);

  it('are reached at their limits, missed beyond them, and missed when nothing was measured', () => {
    expect(reached(AT_LIMIT)).toEqual([true, true, true]);
    expect(reached({ memoryOverBare: 0.69, memoryP50: 1.51, stampedeCalls: 2 })).toEqual([
      false,
      false,
      false,
    ]);
    expect(reached({ memoryOverBare: Number.NaN, memoryP50: Number.NaN, stampedeCalls: 0 })).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('of hit ratios: a share of OPT for each, and more than 60 % for two', () => {
    const goals = judgeHitRate([
      { name: 'FAQ', ours: 0.6, optimal: 0.6 },
      { name: 'free chat', ours: 0.0089, optimal: 0.01 },
    ]);
    expect(goals.map((verdict) => verdict.reached)).toEqual([true, false, false]);
  });
});

it('the workloads ask the same in every run', () => {
  for (const { keys } of WORKLOADS) {
    const [a, b] = [keys(), keys()];
    for (let i = 0; i < 1_000; i += 1) expect(a.next().value).toBe(b.next().value);
  }
});
