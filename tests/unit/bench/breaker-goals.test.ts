import { expect, it } from 'vitest';
import { judge } from '../../../bench/breaker/goals.ts';

const AT_LIMIT = { closedOverBareNs: 2_000, failing50kOver100: 1.5, rejectingNs: 1_000, snapshotMs: 5 };
const reached = (figures: typeof AT_LIMIT) => judge(figures).map((verdict) => verdict.reached);

it('finds each goal reached at its limit, and missed just beyond it', () => {
  expect(reached(AT_LIMIT)).toEqual([true, true, true, true]);
  const beyond = { closedOverBareNs: 2_001, failing50kOver100: 1.51, rejectingNs: 1_001, snapshotMs: 5.01 };
  expect(reached(beyond)).toEqual([false, false, false, false]);
});
