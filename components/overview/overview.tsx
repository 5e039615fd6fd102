'use client';

import Link from 'next/link';
import { useMemo } from 'react';
import { TimeChart } from '#components/charts/time-chart.tsx';
import { answerSeries, LATENCY_SERIES, SLOT_SERIES } from '#components/charts/traffic-charts.ts';
import { ConnectPanel } from '#components/connect/connect-panel.tsx';
import { EventFeed } from '#components/events/event-feed.tsx';
import { useLive } from '#components/live/live-context.ts';
import { RangeSelect } from '#components/live/range-select.tsx';
import { type HistoryState, useHistory } from '#components/live/use-history.ts';
import { useRange } from '#components/live/use-range.ts';
import { ComponentTable } from '#components/overview/component-table.tsx';
import { Diagram } from '#components/overview/diagram.tsx';
import { Tiles } from '#components/overview/tiles.tsx';
import { Notice } from '#components/shell/notice.tsx';
import { Card } from '#components/ui/card.tsx';
import { formatMs, formatPerSecond } from '#components/ui/format.ts';
import { answerKinds } from '#lib/contracts/requests.ts';

const GATEWAY_SERIES = [
  'requests_per_s',
  'served_rate',
  'added_p50_ms',
  'first_byte_p50_ms',
  'cache_hit_ratio',
  ...answerKinds.map((kind) => `${kind}_per_s`),
  ...LATENCY_SERIES.map(({ name }) => name),
  ...SLOT_SERIES.map(({ name }) => name),
];
const NO_VALUES = {};

export function Overview() {
  const { snapshot } = useLive();
  const [range] = useRange();
  const history = useHistory(GATEWAY_SERIES, range);
  const values = history.state === 'ready' ? history.points.values : NO_VALUES;
  const kinds = useMemo(() => answerSeries(values), [values]);
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-2.5">
      <h1 className="sr-only">Overview</h1>
      <Notice />
      {snapshot.requests_seen === 0 ? <FirstSteps /> : null}
      <Tiles history={history} />
      <div className="grid gap-2.5 xl:grid-cols-[minmax(0,1fr)_18rem]">
        <div className="flex min-w-0 flex-col gap-2.5">
          <Diagram />
          <ComponentTable />
          <RangeSelect className="sm:hidden" />
          <Charts history={history} kinds={kinds} empty={`No traffic in the ${range.label.toLowerCase()}`} />
        </div>
        <div className="relative xl:min-h-96">
          <EventFeed className="xl:absolute xl:inset-0 max-xl:max-h-[32rem]" />
        </div>
      </div>
    </div>
  );
}

function Charts({
  history,
  kinds,
  empty,
}: {
  history: HistoryState;
  kinds: ReturnType<typeof answerSeries>;
  empty: string;
}) {
  return (
    <div className="grid gap-2.5 md:grid-cols-2 xl:grid-cols-3">
      <TimeChart
        title="Answers"
        note="per second, by how"
        history={history}
        series={kinds}
        format={perSecond}
        empty={empty}
      />
      <TimeChart
        title="Latency"
        note="of served requests"
        history={history}
        series={LATENCY_SERIES}
        format={formatMs}
        samplesOf="requests_per_s"
        empty={empty}
      />
      <TimeChart
        title="Demand and slots"
        note="calls"
        history={history}
        series={SLOT_SERIES}
        format={whole}
        empty={empty}
      />
    </div>
  );
}

/** What a new installation needs: where to point a client, or traffic to look at. */
function FirstSteps() {
  const { snapshot } = useLive();
  return (
    <Card title="No traffic yet" note="point a client here, or let the lab send some">
      <div className="grid gap-x-6 gap-y-3 px-4 pb-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="min-w-0">
          <ConnectPanel
            address={snapshot.address}
            model={snapshot.upstreams.some(({ lab }) => lab) ? 'lab-chat' : 'MODEL'}
          />
        </div>
        <div>
          <p className="text-muted">
            The lab sends seeded traffic over real HTTP through this gateway, so that every figure here is
            measured, and injects failures on order.
          </p>
          <Link
            href="/lab"
            className="mt-3 inline-flex h-8 items-center rounded-md border border-accent px-3 font-medium text-accent hover:bg-raised"
          >
            Start a workload
          </Link>
        </div>
      </div>
    </Card>
  );
}

const perSecond = (value: number) => `${formatPerSecond(value)}/s`;
const whole = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
