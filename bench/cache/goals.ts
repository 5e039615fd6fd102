/** What the cache is to reach, judged from the medians. */
import type { Verdict } from '../breaker/goals.ts';

export interface Figures {
  /** Requests/s of a memory hit over those of bare `node:http`. */
  memoryOverBare: number;
  /** Milliseconds. */
  memoryP50: number;
  /** Upstream calls that 1,000 concurrent equal misses made. */
  stampedeCalls: number;
}

export function judge({ memoryOverBare, memoryP50, stampedeCalls }: Figures): Verdict[] {
  return [
    {
      goal: 'memory hits at least 0.7 × the requests/s of bare node:http',
      measured: `${memoryOverBare.toFixed(2)} ×`,
      reached: memoryOverBare >= 0.7,
    },
    {
      goal: 'memory hits with a p50 of at most 1.5 ms at 22 in flight',
      measured: `${memoryP50.toFixed(2)} ms`,
      reached: memoryP50 <= 1.5,
    },
    {
      goal: '1,000 concurrent misses make one upstream call',
      measured: `${stampedeCalls}`,
      reached: stampedeCalls === 1,
    },
  ];
}
