'use client';

import { useMemo } from 'react';
import { TimeChart } from '#components/charts/time-chart.tsx';
import type { ChartSeries } from '#components/charts/types.ts';
import { type HistoryState, useHistory } from '#components/live/use-history.ts';
import { useRange } from '#components/live/use-range.ts';
import { formatMs, formatPerSecond, formatRate } from '#components/ui/format.ts';

const THRESHOLD = 'threshold';
const SUCCEEDED = 'succeeded';

/** Outcomes, failure rate against its threshold, and latency, with this component's own events as marks. */
export function BreakerCharts({
  component,
  upstream,
  thresholdPercent,
}: {
  component: string;
  upstream: string | null;
  thresholdPercent: number;
}) {
  const [range] = useRange();
  const of = (series: string) => `${series}:${component}`;
  const names = useMemo(
    () =>
      [
        'calls_per_s',
        'failures_per_s',
        'calls_refused_per_s',
        'failure_rate',
        'call_p50_ms',
        'call_p90_ms',
        'call_p99_ms',
      ].map((series) => `${series}:${component}`),
    [component],
  );
  const fetched = useHistory(names, range);
  const history = useMemo(
    () => withDerived(fetched, component, upstream, thresholdPercent),
    [fetched, component, upstream, thresholdPercent],
  );
  const empty = `No calls in the ${range.label.toLowerCase()}`;
  const outcomes: ChartSeries[] = [
    { name: SUCCEEDED, label: 'succeeded', color: 'var(--series-1)', kind: 'area' },
    { name: of('failures_per_s'), label: 'failed', color: 'var(--series-4)', kind: 'area' },
    { name: of('calls_refused_per_s'), label: 'refused', color: 'var(--series-3)', kind: 'area' },
  ];
  const rates: ChartSeries[] = [
    { name: of('failure_rate'), label: 'failed', color: 'var(--series-4)', kind: 'line' },
    { name: THRESHOLD, label: 'opens at', color: 'var(--held)', kind: 'step', dashed: true },
  ];
  const latency: ChartSeries[] = (['p50', 'p90', 'p99'] as const).map((label, index) => ({
    name: of(`call_${label}_ms`),
    label,
    color: `var(--series-${index + 1})`,
    kind: 'line',
  }));
  return (
    <div className="grid gap-2.5 md:grid-cols-2 xl:grid-cols-3">
      <TimeChart
        title="Outcomes"
        note="calls per second"
        history={history}
        series={outcomes}
        format={perSecond}
        empty={empty}
      />
      <TimeChart
        title="Failure rate"
        note="of calls that ended"
        history={history}
        series={rates}
        format={formatRate}
        samplesOf={of('calls_per_s')}
        empty={empty}
      />
      <TimeChart
        title="Call latency"
        note="to the end of the answer"
        history={history}
        series={latency}
        format={formatMs}
        samplesOf={of('calls_per_s')}
        empty={empty}
      />
    </div>
  );
}

/** Adds what is drawn but not recorded, and leaves out what happened to other components. */
function withDerived(
  history: HistoryState,
  component: string,
  upstream: string | null,
  thresholdPercent: number,
): HistoryState {
  if (history.state !== 'ready') return history;
  const { points, events } = history;
  const calls = points.values[`calls_per_s:${component}`] ?? [];
  const failures = points.values[`failures_per_s:${component}`] ?? [];
  const succeeded = calls.map((rate, i) => (rate === null ? null : Math.max(0, rate - (failures[i] ?? 0))));
  const threshold = points.timesMs.map(() => thresholdPercent / 100);
  return {
    ...history,
    points: { ...points, values: { ...points.values, [SUCCEEDED]: succeeded, [THRESHOLD]: threshold } },
    events: events.filter(
      (event) =>
        event.component === undefined || event.component === component || event.component === upstream,
    ),
  };
}

const perSecond = (value: number) => `${formatPerSecond(value)}/s`;
