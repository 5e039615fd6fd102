/** From rounds to the numbers of the tables: medians over the rounds, each with its lowest and highest. */
import type { Memory } from '../lib/memory.ts';
import { type Spread, spread } from '../lib/stats.ts';
import type { CancelResult } from '../lib/streams.ts';
import type { LoadResult } from '../lib/tally.ts';
import type { Measured, Round } from './measure.ts';
import type { TargetName } from './target.ts';

export interface Summary {
  name: TargetName;
  version: string;
  requestsPerSecond: Spread | null;
  p50Ms: Spread | null;
  p99Ms: Spread | null;
  /** Over `direct` in the same round; null when `direct` was not measured. */
  addedP50Ms: Spread | null;
  addedP99Ms: Spread | null;
  addedFirstTokenMs: Spread | null;
  cancels: CancelResult;
  memory: Memory | null;
  ended: string | null;
  /** All that was not answered with a 2xx status, in the measured rounds. */
  failed: number;
  failures: Record<string, number>;
}

export function summarize(measured: Measured, direct: Measured | undefined): Summary {
  const over = (value: (round: Round) => number | null) => {
    const pairs = measured.rounds.map((round, index) => {
      const base = direct?.rounds[index];
      return difference(value(round), base === undefined ? null : value(base));
    });
    return measured.name === 'direct' ? null : spread(pairs.filter((added) => added !== null));
  };
  const of = (value: (round: Round) => number | null) =>
    spread(measured.rounds.map(value).filter((each) => each !== null));
  const loads = measured.rounds.flatMap(({ closed, open, firstToken }) => [closed, open, firstToken]);
  return {
    name: measured.name,
    version: measured.version,
    requestsPerSecond: of(({ closed }) => closed.perSecond),
    p50Ms: of(({ closed }) => closed.p50Ms),
    p99Ms: of(({ closed }) => closed.p99Ms),
    addedP50Ms: over(({ open }) => open.p50Ms),
    addedP99Ms: over(({ open }) => open.p99Ms),
    addedFirstTokenMs: over(({ firstToken }) => firstToken.p50Ms),
    cancels: measured.cancels,
    memory: measured.memory,
    ended: measured.ended,
    failed: loads.reduce((sum, load) => sum + load.failed, 0),
    failures: mergeFailures(loads),
  };
}

function difference(value: number | null, base: number | null): number | null {
  return value === null || base === null ? null : value - base;
}

function mergeFailures(loads: readonly LoadResult[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { failures } of loads)
    for (const [kind, count] of Object.entries(failures)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}
