'use client';

import { useMemo } from 'react';
import { worstFirst } from '#components/breakers/order.ts';
import { StateBadge } from '#components/breakers/state-badge.tsx';
import { whyOf } from '#components/breakers/why.ts';
import { TimeChart } from '#components/charts/time-chart.tsx';
import { answerSeries } from '#components/charts/traffic-charts.ts';
import { useLive } from '#components/live/live-context.ts';
import { useHistory } from '#components/live/use-history.ts';
import { useRange } from '#components/live/use-range.ts';
import { Card } from '#components/ui/card.tsx';
import { formatPerSecond, formatRate } from '#components/ui/format.ts';
import { useMounted } from '#components/ui/local-time.tsx';
import { answerKinds } from '#lib/contracts/requests.ts';

const NAMES = answerKinds.map((kind) => `${kind}_per_s`);
const NO_VALUES = {};

/** What callers get while something is made to fail. */
export function AnswersChart() {
  const [range] = useRange();
  const history = useHistory(NAMES, range);
  const values = history.state === 'ready' ? history.points.values : NO_VALUES;
  const series = useMemo(() => answerSeries(values), [values]);
  return (
    <TimeChart
      title="Answers"
      note="per second, by how"
      history={history}
      series={series}
      format={(value) => `${formatPerSecond(value)}/s`}
      empty={`No traffic in the ${range.label.toLowerCase()}`}
    />
  );
}

/** The components of upstreams and what their breakers make of it, worst first. */
export function ComponentStates() {
  const { snapshot, nowMs } = useLive();
  const zoned = useMounted();
  const shown = worstFirst(
    snapshot.components.filter(({ operation }) => operation !== null && operation !== 'admin'),
  );
  return (
    <Card title="Breakers" note="worst first">
      <ul>
        {shown.map((component) => {
          const { cause, next } = whyOf(component, nowMs, zoned);
          return (
            <li
              key={component.name}
              data-component={component.name}
              className="flex flex-wrap items-center gap-x-3 gap-y-0.5 border-t px-4 py-2"
            >
              <span className="min-w-0 flex-1 basis-40 font-mono break-all">{component.name}</span>
              <span className="text-muted">
                {formatPerSecond(component.rate_per_s)}/s · {formatRate(component.window.failure_rate)} failed
              </span>
              <StateBadge breaker={component} />
              <p className="min-h-5 w-full text-faint sm:truncate" title={`${cause} ${next}`}>
                {[cause, next].filter((part) => part !== '').join(' · ')}
              </p>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
