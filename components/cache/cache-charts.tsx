'use client';

import { useMemo } from 'react';
import { formatBytes } from '#components/cache/cache-words.ts';
import { TimeChart } from '#components/charts/time-chart.tsx';
import type { ChartSeries } from '#components/charts/types.ts';
import { type HistoryState, useHistory } from '#components/live/use-history.ts';
import { useRange } from '#components/live/use-range.ts';
import { formatPerSecond, formatRate } from '#components/ui/format.ts';

const OUTCOMES: readonly ChartSeries[] = [
  { name: 'cache_hit_memory_per_s', label: 'memory', color: 'var(--closed)', kind: 'area' },
  { name: 'cache_hit_redis_per_s', label: 'Redis', color: 'var(--series-2)', kind: 'area' },
  { name: 'cache_coalesced_per_s', label: 'joined', color: 'var(--held)', kind: 'area' },
  { name: 'cache_stale_per_s', label: 'stale', color: 'var(--series-3)', kind: 'area' },
  { name: 'cache_miss_per_s', label: 'miss', color: 'var(--series-1)', kind: 'area' },
  { name: 'cache_bypass_per_s', label: 'bypass', color: 'var(--faint)', kind: 'area' },
];
const RATIOS: readonly ChartSeries[] = [
  { name: 'cache_hit_ratio', label: 'hits', color: 'var(--closed)', kind: 'line' },
  { name: 'cache_wrong_hit_rate', label: 'wrong, of those checked', color: 'var(--series-4)', kind: 'line' },
];
const BUDGET = 'budget';
const USED = 'used';
const BYTES_PER_MB = 1_024 * 1_024;
const MEMORY: readonly ChartSeries[] = [
  { name: USED, label: 'used', color: 'var(--series-1)', kind: 'line' },
  { name: BUDGET, label: 'budget', color: 'var(--held)', kind: 'step', dashed: true },
];
const NAMES = [...OUTCOMES, ...RATIOS].map(({ name }) => name).concat('cache_bytes');

/** Looks by outcome, hit ratio beside wrong hits, and memory against its budget. */
export function CacheCharts({ maxBytes }: { maxBytes: number }) {
  const [range] = useRange();
  const history = useHistory(NAMES, range);
  const memory = useMemo(() => withBudget(history, maxBytes), [history, maxBytes]);
  const empty = `Nothing was looked up in the ${range.label.toLowerCase()}`;
  return (
    <div className="grid gap-2.5 md:grid-cols-2 xl:grid-cols-3">
      <TimeChart
        title="Looks"
        note="per second, by outcome"
        history={history}
        series={OUTCOMES}
        format={(value) => `${formatPerSecond(value)}/s`}
        empty={empty}
      />
      <TimeChart
        title="Hit ratio"
        note="of looks, and wrong hits"
        history={history}
        series={RATIOS}
        format={formatRate}
        samplesOf="cache_miss_per_s"
        empty={empty}
      />
      <TimeChart
        title="Memory"
        note="of entries, MB"
        history={memory}
        series={MEMORY}
        format={(value) => formatBytes(value * BYTES_PER_MB)}
        empty="Nothing is kept"
      />
    </div>
  );
}

/** The budget as it is now: it is not recorded, its changes are marks. */
function withBudget(history: HistoryState, maxBytes: number): HistoryState {
  if (history.state !== 'ready') return history;
  const { points } = history;
  const values = {
    [USED]: (points.values.cache_bytes ?? []).map((bytes) => (bytes === null ? null : bytes / BYTES_PER_MB)),
    [BUDGET]: points.timesMs.map(() => maxBytes / BYTES_PER_MB),
  };
  return { ...history, points: { ...points, values } };
}
