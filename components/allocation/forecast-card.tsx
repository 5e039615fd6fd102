'use client';

import { useMemo } from 'react';
import { METHOD_NAMES, METRIC_NAMES, metricText, seriesName } from '#components/allocation/words.ts';
import { TimeChart } from '#components/charts/time-chart.tsx';
import type { ChartSeries } from '#components/charts/types.ts';
import { useLive } from '#components/live/live-context.ts';
import type { HistoryState } from '#components/live/use-history.ts';
import { usePolled } from '#components/live/use-polled.ts';
import { useUrlState } from '#components/live/use-url-state.ts';
import { type Choice, Field, Select } from '#components/ui/field.tsx';
import { formatDuration, formatRate, UNKNOWN } from '#components/ui/format.ts';
import {
  type Metric,
  methods,
  metrics,
  type PredictionSeries,
  type Predictions,
  predictionSeriesSchema,
} from '#lib/contracts/predictions.ts';

const SERIES: readonly ChartSeries[] = [
  { name: 'lower', label: 'band from', color: 'transparent', kind: 'area' },
  {
    name: 'band',
    label: 'band width',
    color: 'color-mix(in srgb, var(--series-2) 38%, transparent)',
    kind: 'area',
  },
  { name: 'point', label: 'forecast', color: 'var(--series-2)', kind: 'line', dashed: true },
  { name: 'actual', label: 'measured', color: 'var(--series-1)', kind: 'line' },
];
const SHOWN_SEASONS = 1.5;
const MAX_STEPS = 2_016;

/** What came, what had been forecast for it, and what is forecast now; beside it how good that is. */
export function ForecastCard({ view }: { view: Predictions }) {
  const [seriesInUrl, setSeries] = useUrlState('series');
  const [metricInUrl, setMetric] = useUrlState('metric');
  const series = seriesInUrl ?? '*';
  const metric = metrics.find((each) => each === metricInUrl) ?? 'requests';
  const steps = Math.min(MAX_STEPS, Math.ceil((SHOWN_SEASONS * view.season_s) / view.step_s));
  const query = new URLSearchParams({ series, metric, steps: String(steps) });
  const asked = usePolled(`/api/predictions/series?${query}`, predictionSeriesSchema);
  const { events } = useLive();
  const data = asked.state === 'ready' ? asked.data : null;
  const history = useMemo(
    (): HistoryState =>
      asked.state === 'ready' ? { state: 'ready', points: pointsOf(asked.data), events } : asked,
    [asked, events],
  );
  const known = ['*', ...view.series.filter((each) => each !== '*')];
  const choices = (known.includes(series) ? known : [...known, series]).map(
    (each): Choice => [each, seriesName(each)],
  );
  return (
    <div className="grid gap-2.5 xl:grid-cols-[1fr_460px]">
      <div className="flex min-w-0 flex-col gap-2.5">
        <search className="flex flex-wrap items-end gap-3">
          <Field label="Forecast of">
            <Select value={series} choices={choices} onChange={(event) => setSeries(event.target.value)} />
          </Field>
          <Field label="Measured in">
            <Select
              value={metric}
              choices={metrics.map((each): Choice => [each, METRIC_NAMES[each]])}
              onChange={(event) => setMetric(event.target.value)}
            />
          </Field>
        </search>
        <TimeChart
          title="Forecast and what came"
          note={`${METRIC_NAMES[metric]}, a step is ${formatDuration(view.step_s * 1_000)}; the forecast of each step was made one step before, at the right the next ${formatDuration(view.horizon_s * 1_000)}`}
          history={history}
          series={SERIES}
          format={(value) => metricText(metric, series, value)}
          empty={view.learning ?? 'Nothing was measured of it yet'}
          className="grow"
        />
      </div>
      <Standing data={data} metric={metric} series={series} />
    </div>
  );
}

function pointsOf({ past, ahead, step_s }: PredictionSeries) {
  const rows = [
    ...past,
    ...ahead.map(({ at, point, lower, upper }) => ({ at, actual: null, point, lower, upper })),
  ];
  return {
    timesMs: rows.map(({ at }) => Date.parse(at)),
    stepS: step_s,
    partial: false,
    values: {
      actual: rows.map(({ actual }) => actual),
      point: rows.map(({ point }) => point),
      lower: rows.map(({ lower }) => lower),
      band: rows.map(({ lower, upper }) => (lower === null || upper === null ? null : upper - lower)),
    },
  };
}

function Standing({
  data,
  metric,
  series,
}: {
  data: PredictionSeries | null;
  metric: Metric;
  series: string;
}) {
  const figure = (value: number | null | undefined) => metricText(metric, series, value ?? null);
  return (
    <section aria-labelledby="standing" className="min-w-0 self-stretch rounded-card border bg-card">
      <h2 id="standing" className="px-4 pt-3 pb-1 text-[14px] font-semibold">
        Is it any good?
      </h2>
      <p className="px-4 pb-2 text-muted">{verdict(data)}</p>
      <table className="w-full border-t text-left">
        <thead className="text-muted">
          <tr className="[&>th]:px-4 [&>th]:py-1.5 [&>th]:font-normal">
            <th>One step ahead</th>
            <th className="text-right">mean error</th>
            <th className="text-right">pinball 0.9</th>
            <th className="text-right">band held</th>
          </tr>
        </thead>
        <tbody>
          {methods.map((method) => {
            const score = data?.standing.methods[method];
            return (
              <tr key={method} className="border-t [&>td]:px-4 [&>td]:py-1.5">
                <td className={method === 'ours' ? 'font-medium' : 'text-muted'}>{METHOD_NAMES[method]}</td>
                <td className="text-right whitespace-nowrap">{figure(score?.mae)}</td>
                <td className="text-right whitespace-nowrap">{figure(score?.pinball_90)}</td>
                <td className="text-right">
                  {score?.coverage_90 == null ? UNKNOWN : formatRate(score.coverage_90)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function verdict(data: PredictionSeries | null): string {
  const skill = data?.standing.skill ?? null;
  if (data === null || skill === null) return 'Nothing was scored yet.';
  const over = `over the last ${data.standing.origins} steps`;
  if (skill <= 0) return `No better than taking the last value, ${over}: nothing is sized by it.`;
  return `It loses ${formatRate(skill)} less than taking the last value, ${over}.`;
}
