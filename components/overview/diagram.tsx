'use client';

import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { pageOf } from '#components/breakers/paths.ts';
import { useLive } from '#components/live/live-context.ts';
import { BOX, layoutOf, lineWidth, type Stage, stageXs, WIDTH } from '#components/overview/diagram-layout.ts';
import { LaneLine, LoopBack, StageBox, Switch } from '#components/overview/diagram-parts.tsx';
import { endText, textOf, toneOf } from '#components/overview/diagram-words.ts';
import { useTrends } from '#components/overview/use-trends.ts';
import { Card } from '#components/ui/card.tsx';
import { formatCount, formatPerSecond, percentFigure, UNKNOWN } from '#components/ui/format.ts';

const MAX_FIGURE_CHARS = 6;

/** The request's way, drawn as electrical plant is drawn: a switch for each breaker, a line as wide as its calls. */
export function Diagram() {
  const { snapshot, nowMs } = useLive();
  const { components, totals, traffic, in_flight, cache, batching } = snapshot;
  const { isBusy } = useTrends();
  const router = useRouter();
  const layout = layoutOf(components, isBusy);
  const { in_flight: inFlight, connections: capacity, queued } = totals;
  const { minute } = traffic;
  const ratePerS = minute.requests_per_s;
  const kept = minute.answers.cache + minute.answers.coalesced + minute.answers.stale;
  const keptPerS = minute.measured_s === 0 ? 0 : kept / minute.measured_s;
  const slots = `${inFlight}/${capacity}`;
  const stages: Stage[] = [
    { name: 'Clients', value: formatPerSecond(ratePerS), unit: 'req/s', ratePerS },
    {
      name: 'Cache',
      value: cache.recent.hit_ratio === null ? UNKNOWN : percentFigure(cache.recent.hit_ratio),
      unit: cache.enabled ? '% hits' : 'off',
      ratePerS: Math.max(0, ratePerS - keptPerS),
      ...(cache.redis === 'away' ? { warning: 'Redis away' } : {}),
    },
    {
      name: 'Batching',
      value: batching.average_size === null ? UNKNOWN : batching.average_size.toFixed(1),
      unit: 'per call',
      ratePerS: Math.max(0, ratePerS - keptPerS),
    },
    {
      name: 'Slots',
      value: slots,
      // A long figure leaves no room for it.
      unit: slots.length > MAX_FIGURE_CHARS ? '' : 'used',
      ratePerS: Math.max(0, ratePerS - keptPerS),
      ...(queued > 0 ? { warning: `${formatCount(queued)} queued` } : {}),
    },
  ];
  const xs = stageXs(stages.length);
  const hidden = layout.hidden + totals.components - components.length;
  const note = hidden === 0 ? '' : ` · ${formatCount(hidden)} more not drawn`;
  return (
    <Card title="Now" note={`clients over 1 min, calls over 10 s; line width is calls per second${note}`}>
      <div className="px-2 pb-1.5 max-md:hidden">
        <svg
          viewBox={`0 0 ${WIDTH} ${layout.height}`}
          width="100%"
          role="img"
          aria-label={textOf(layout, in_flight, keptPerS, nowMs)}
        >
          {stages.slice(0, -1).map((stage, index) => (
            <path
              key={stage.name}
              d={`M${(xs[index] ?? 0) + BOX.width} ${layout.middle}H${xs[index + 1] ?? 0}`}
              stroke="var(--faint)"
              strokeWidth={lineWidth(stage.ratePerS)}
            />
          ))}
          <LoopBack
            from={(xs[1] ?? 0) + BOX.width / 2}
            to={(xs[0] ?? 0) + BOX.width / 2}
            middle={layout.middle}
            ratePerS={keptPerS}
          />
          {layout.lanes.map((lane) => (
            <LaneLine
              key={lane.component.name}
              lane={lane}
              middle={layout.middle}
              nowMs={nowMs}
              onOpen={() => router.push(pageOf(lane.component.name))}
            />
          ))}
          {stages.map((stage, index) => (
            <StageBox key={stage.name} stage={stage} x={xs[index] ?? 0} y={layout.middle} />
          ))}
        </svg>
      </div>
      <ul className="flex flex-col gap-1 px-4 pb-3 md:hidden">
        <li className="text-muted">
          {formatPerSecond(ratePerS)} requests/s · {formatPerSecond(keptPerS)}/s of them from what is kept ·{' '}
          {inFlight} of {capacity} slots in use · {queued} queued
        </li>
        {layout.lanes.map(({ component, ratePerS: laneRate }) => (
          <li key={component.name} className={`flex flex-wrap items-center gap-2 ${toneOf(component)}`}>
            <svg viewBox="-26 -16 52 24" width="34" height="16" aria-hidden>
              <Switch component={component} />
            </svg>
            <Link href={pageOf(component.name)} prefetch={false} className="font-mono break-all text-text">
              {component.name}
            </Link>
            <span className="ml-auto">{endText(component, laneRate, nowMs)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
