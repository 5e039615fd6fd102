'use client';

import dynamic from 'next/dynamic';
import { useMemo } from 'react';
import { marksOf } from '#components/charts/marks.ts';
import { summaryOf } from '#components/charts/summary.ts';
import type { ChartSeries, PlotProps } from '#components/charts/types.ts';
import type { HistoryState } from '#components/live/use-history.ts';
import { UNKNOWN } from '#components/ui/format.ts';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';

/** A server that goes away in just this moment must not take the rest of the page with it. */
const Plot = dynamic<PlotProps>(
  () => import('#components/charts/plot.tsx').catch(() => ({ default: PlotMissing })),
  { ssr: false, loading: () => <Skeleton className="h-full" /> },
);

function PlotMissing() {
  return <StateNote kind="error" title="The charts could not be loaded; reload the page to try again" />;
}

interface Props {
  title: string;
  /** The unit, and what is counted. */
  note: string;
  history: HistoryState;
  series: readonly ChartSeries[];
  format: (value: number) => string;
  /** The series whose rate tells how many samples stand behind a percentile. */
  samplesOf?: string;
  /** What to say when nothing was measured in the range. */
  empty: string;
  className?: string;
}

/** Time series of one unit, with the events of the time as marks, a legend with the present values, and a text of it all. */
export function TimeChart({ title, note, history, series, format, samplesOf, empty, className = '' }: Props) {
  const id = `chart-${title.toLowerCase().replaceAll(' ', '-')}`;
  const ready = history.state === 'ready' ? history : null;
  const points = ready?.points;
  const marks = useMemo(() => {
    if (ready === null) return [];
    const { timesMs, stepS } = ready.points;
    return marksOf(ready.events, timesMs[0] ?? 0, (timesMs.at(-1) ?? 0) + stepS * 1_000);
  }, [ready]);
  const samples = useMemo(
    () =>
      points === undefined || samplesOf === undefined
        ? undefined
        : (points.values[samplesOf] ?? []).map((rate) => Math.round((rate ?? 0) * points.stepS)),
    [points, samplesOf],
  );
  const isEmpty =
    points !== undefined &&
    !series.some(({ name }) => points.values[name]?.some((value) => value !== null && value > 0));
  return (
    <figure
      aria-labelledby={id}
      className={`flex min-w-0 flex-col rounded-card border bg-card px-3 pt-3 pb-2.5 ${className}`}
    >
      <figcaption className="flex flex-wrap items-baseline gap-x-2.5 pb-1">
        <span id={id} className="text-[14px] font-semibold">
          {title}
        </span>
        <span className="text-faint">{note}</span>
      </figcaption>
      <div className="h-32 min-w-0 shrink-0">
        {history.state === 'loading' ? <Skeleton className="h-full" /> : null}
        {history.state === 'error' ? (
          <StateNote kind="error" title="This history could not be read">
            {history.message}
          </StateNote>
        ) : null}
        {points !== undefined && isEmpty ? <StateNote kind="noTraffic" title={empty} /> : null}
        {points !== undefined && !isEmpty ? (
          <div aria-hidden className="h-full">
            <Plot series={series} points={points} marks={marks} format={format} samples={samples} />
          </div>
        ) : null}
      </div>
      <ul className="flex min-h-5 flex-wrap gap-x-2 pt-1 text-[11px]" aria-hidden>
        {series.map(({ name, label, color }) => {
          const value = newestOf(points?.values[name] ?? []);
          return (
            <li key={name} className="flex items-center gap-1 whitespace-nowrap text-muted">
              <span className="size-2 rounded-[2px]" style={{ background: color }} />
              {label}
              <span className="text-text">{value === null ? UNKNOWN : format(value)}</span>
            </li>
          );
        })}
        {points?.partial === true ? <li className="text-faint">last point not complete</li> : null}
      </ul>
      <p className="sr-only">{points === undefined || isEmpty ? empty : summaryOf(series, points, format)}</p>
    </figure>
  );
}

/** The last one; the one before when nothing of the last has been measured yet. */
function newestOf(values: readonly (number | null)[]): number | null {
  return values.at(-1) ?? values.at(-2) ?? null;
}
