'use client';

import { useEffect, useMemo, useState } from 'react';
import { TimeChart } from '#components/charts/time-chart.tsx';
import type { ChartSeries } from '#components/charts/types.ts';
import { OVER_MS, type RateSample, ratePoints, sampled } from '#components/lab/workload-rates.ts';
import { useLive } from '#components/live/live-context.ts';
import { formatPerSecond } from '#components/ui/format.ts';

const SERIES: readonly ChartSeries[] = [
  { name: 'sent', label: 'sent', color: 'var(--series-1)', kind: 'area' },
  { name: 'target', label: 'target', color: 'var(--series-3)', kind: 'line', dashed: true },
];
/** A chart needs two points, and the rate of what was sent needs a third. */
const MIN_SAMPLES = 3;

/** What the workload should send against what it sends, from when this page was opened. */
export function WorkloadChart() {
  const { snapshot, events } = useLive();
  const [samples, setSamples] = useState<readonly RateSample[]>([]);
  useEffect(() => setSamples((before) => sampled(before, snapshot)), [snapshot]);
  const points = useMemo(() => ratePoints(samples), [samples]);
  const running = snapshot.workload.state === 'running';
  if (!running && samples.length < MIN_SAMPLES) return null;
  return (
    <TimeChart
      title="Workload rate"
      note={`requests per second, over ${OVER_MS / 1_000} s; since this page was opened`}
      history={samples.length < MIN_SAMPLES ? { state: 'loading' } : { state: 'ready', points, events }}
      series={SERIES}
      format={(value) => `${formatPerSecond(value)}/s`}
      empty="Nothing was asked for yet"
    />
  );
}
