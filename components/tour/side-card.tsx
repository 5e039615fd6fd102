'use client';

import { useMemo } from 'react';
import { TimeChart } from '#components/charts/time-chart.tsx';
import type { ChartSeries } from '#components/charts/types.ts';
import { useLive } from '#components/live/live-context.ts';
import type { HistoryState } from '#components/live/use-history.ts';
import { formatCount, formatMs, formatPerSecond, percentFigure, UNKNOWN } from '#components/ui/format.ts';
import { partOf } from '#components/ui/part-of.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { TOUR_UPSTREAMS, type TourFigures, type TourPoint } from '#lib/contracts/tour.ts';

type Side = 'with' | 'without';

const seriesOf = (side: Side): readonly ChartSeries[] => [
  { name: `${side}_served`, label: 'served', color: 'var(--closed)', kind: 'area' },
  { name: `${side}_failed`, label: 'failed', color: 'var(--open)', kind: 'area' },
];
const SERIES = { with: seriesOf('with'), without: seriesOf('without') } as const;

/** Events that the clients of that side feel; the other one has neither breakers nor a standby. */
const isFelt = {
  with: ({ type }: LoggedEvent) => /^(fault_|breaker_)/.test(type),
  without: ({ type, component, detail }: LoggedEvent) =>
    type.startsWith('fault_') &&
    component === TOUR_UPSTREAMS.failing &&
    partOf(partOf(detail, 'fault'), 'reason') === 'guided demo',
} as const;

/** What the clients of one side see, as they count it themselves. */
export function SideCard({
  side,
  title,
  figures,
  what,
  points,
}: {
  side: Side;
  title: string;
  figures: TourFigures;
  /** The time that the figures are of. */
  what: string;
  points: readonly TourPoint[];
}) {
  const { events } = useLive();
  const history = useMemo(
    (): HistoryState => ({
      state: 'ready',
      events: events.filter(isFelt[side]),
      points: {
        timesMs: points.map(({ at }) => Date.parse(at)),
        values: Object.fromEntries(
          (['served', 'failed'] as const).map((name) => [
            `${side}_${name}`,
            points.map((point) => point[`${side}_${name}`]),
          ]),
        ),
        partial: false,
        stepS: 1,
      },
    }),
    [points, events, side],
  );
  const { served_share, failed, p50_ms, p99_ms, upstream_calls, answers } = figures;
  const tone =
    served_share === null || served_share > 0.99 ? '' : served_share < 0.5 ? 'text-open' : 'text-half-open';
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-2.5" data-side={side}>
      <div className="rounded-card border bg-card px-4 pt-3 pb-2.5">
        <h2 className="text-[14px] font-semibold">
          {title} <span className="font-normal text-faint">{what}</span>
        </h2>
        <dl className="mt-1 grid grid-cols-2 gap-x-4 gap-y-1 sm:grid-cols-4">
          <Figure
            name="Served"
            value={served_share === null ? UNKNOWN : `${percentFigure(served_share)} %`}
            tone={tone}
          >
            {formatCount(failed)} of {formatCount(answers)} failed
          </Figure>
          <Figure name="Half within" value={formatMs(p50_ms)}>
            p50 of served
          </Figure>
          <Figure name="99 % within" value={formatMs(p99_ms)}>
            p99 of served
          </Figure>
          <Figure name="Upstream calls" value={formatCount(Math.round(upstream_calls))}>
            for {formatCount(answers)} answers
          </Figure>
        </dl>
      </div>
      <TimeChart
        title={side === 'with' ? 'Answers with Switchgear' : 'Answers without'}
        note={`per second, last ${points.length} s`}
        history={history}
        series={SERIES[side]}
        format={perSecond}
        empty="No answers yet"
      />
    </section>
  );
}

function Figure({
  name,
  value,
  tone = '',
  children,
}: {
  name: string;
  value: string;
  tone?: string;
  children: React.ReactNode;
}) {
  return (
    <div>
      <dt className="text-muted">{name}</dt>
      <dd className={`text-[24px] leading-8 font-semibold whitespace-nowrap ${tone}`}>{value}</dd>
      <dd className="text-[11px] text-faint">{children}</dd>
    </div>
  );
}

const perSecond = (value: number) => `${formatPerSecond(value)}/s`;
