'use client';

import { whyOf } from '#components/breakers/why.ts';
import { useLive } from '#components/live/live-context.ts';
import { type Lane, type Layout, layoutOf, lineWidth, WIDTH } from '#components/overview/diagram-layout.ts';
import { Card } from '#components/ui/card.tsx';
import { formatCount, formatDuration, formatPerSecond } from '#components/ui/format.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

const BOX = { width: 116, height: 54 } as const;
const CLIENTS_X = 20;
const SLOTS_X = 250;
const FORK_X = SLOTS_X + BOX.width;
const SWITCH_X = 600;
/** Between the end of a lane's bend and its switch. */
const LABEL_ROOM = 116;
const TARGET_X = 710;
const TARGET_WIDTH = 170;

/** The request's way, drawn as electrical plant is drawn: a switch for each breaker, a line as wide as its calls. */
export function Diagram() {
  const { snapshot, nowMs } = useLive();
  const { components, upstreams, traffic, in_flight } = snapshot;
  const layout = layoutOf(components);
  const inFlight = upstreams.reduce((sum, upstream) => sum + upstream.in_flight, 0);
  const capacity = upstreams.reduce((sum, { connections }) => sum + connections, 0);
  const queued = upstreams.reduce((sum, upstream) => sum + upstream.queued, 0);
  const note = layout.hidden === 0 ? '' : ` · ${layout.hidden} without calls not drawn`;
  return (
    <Card title="Now" note={`line width is calls per second${note}`}>
      <div className="px-2 pb-1.5 max-md:hidden">
        <svg
          viewBox={`0 0 ${WIDTH} ${layout.height}`}
          width="100%"
          role="img"
          aria-label={textOf(layout, in_flight, nowMs)}
        >
          <Trunk layout={layout} ratePerS={traffic.minute.requests_per_s} />
          {layout.lanes.map((lane) => (
            <LaneLine key={lane.component.name} lane={lane} middle={layout.middle} nowMs={nowMs} />
          ))}
          <Box
            x={CLIENTS_X}
            y={layout.middle}
            name="Clients"
            value={formatPerSecond(traffic.minute.requests_per_s)}
            unit="req/s"
          />
          <Box
            x={SLOTS_X}
            y={layout.middle}
            name="Slots"
            value={`${inFlight}/${capacity}`}
            unit="in use"
            {...(queued > 0 ? { warning: `${formatCount(queued)} queued` } : {})}
          />
        </svg>
      </div>
      <ul className="flex flex-col gap-1 px-4 pb-3 md:hidden">
        <li className="text-muted">
          {formatPerSecond(traffic.minute.requests_per_s)} requests/s · {inFlight} of {capacity} slots in use
          · {queued} queued
        </li>
        {layout.lanes.map(({ component, ratePerS }) => (
          <li key={component.name} className={`flex flex-wrap items-center gap-2 ${toneOf(component)}`}>
            <svg viewBox="-26 -16 52 24" width="34" height="16" aria-hidden>
              <Switch component={component} />
            </svg>
            <span className="font-mono break-all text-text">{component.name}</span>
            <span className="ml-auto">{endText(component, ratePerS, nowMs)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Trunk({ layout: { middle }, ratePerS }: { layout: Layout; ratePerS: number }) {
  return (
    <line
      x1={CLIENTS_X + BOX.width}
      x2={SLOTS_X}
      y1={middle}
      y2={middle}
      stroke="var(--faint)"
      strokeWidth={lineWidth(ratePerS)}
    />
  );
}

function LaneLine({
  lane: { component, y, ratePerS, width },
  middle,
  nowMs,
}: {
  lane: Lane;
  middle: number;
  nowMs: number;
}) {
  const isOpen = component.state === 'open';
  const straight = SWITCH_X - LABEL_ROOM;
  const bend = (FORK_X + straight) / 2;
  return (
    <g className={toneOf(component)}>
      <path
        d={`M${FORK_X} ${middle}C${bend} ${middle} ${bend} ${y} ${straight} ${y}H${SWITCH_X - 18}`}
        fill="none"
        stroke={isOpen ? 'currentColor' : 'var(--faint)'}
        strokeWidth={isOpen ? 1.4 : width}
        strokeDasharray={isOpen ? '4 4' : undefined}
      />
      <text x={straight + 4} y={y - 8} fontSize={12} fill="var(--muted)">
        {component.operation ?? component.name}
      </text>
      <g transform={`translate(${SWITCH_X} ${y})`}>
        <Switch component={component} />
      </g>
      <line
        x1={SWITCH_X + 18}
        x2={TARGET_X}
        y1={y}
        y2={y}
        stroke={isOpen ? 'currentColor' : 'var(--faint)'}
        strokeWidth={isOpen ? 1.4 : width}
        strokeDasharray={isOpen ? '4 4' : undefined}
      />
      <rect
        x={TARGET_X}
        y={y - 15}
        width={TARGET_WIDTH}
        height={30}
        rx={6}
        fill="var(--raised)"
        stroke={component.state === 'closed' && component.hold === null ? 'var(--line)' : 'currentColor'}
      />
      <text x={TARGET_X + 11} y={y + 4} fontSize={12} fill="var(--text)">
        {component.upstream ?? component.name}
        <tspan fill="var(--muted)">{` · ${endText(component, ratePerS, nowMs)}`}</tspan>
      </text>
    </g>
  );
}

/** A breaker's switch around its own middle: shut, ajar, open; a lock when somebody holds it. */
function Switch({ component: { state, hold } }: { component: Component }) {
  return (
    <g stroke="currentColor" fill="var(--card)" strokeWidth={2.2} strokeLinecap="round">
      {state === 'open' ? <path d="M-14 0L10 -13" /> : null}
      {state === 'half_open' ? <path d="M-14 0L12 -6" strokeDasharray="5 4" /> : null}
      {state === 'closed' ? <path d="M-14 0H14" /> : null}
      <circle cx={-15} cy={0} r={3.2} />
      <circle cx={15} cy={0} r={3.2} />
      {hold === null ? null : (
        <g transform="translate(0 -13)" strokeWidth={1.6}>
          <path d="M-3 -3v-2a3 3 0 0 1 6 0v2" fill="none" />
          <rect x={-4.5} y={-3} width={9} height={7} rx={1.5} fill="currentColor" stroke="none" />
        </g>
      )}
    </g>
  );
}

function Box({
  x,
  y,
  name,
  value,
  unit,
  warning,
}: {
  x: number;
  y: number;
  name: string;
  value: string;
  unit: string;
  /** What is wrong with it, written below. */
  warning?: string;
}) {
  const top = y - BOX.height / 2;
  return (
    <g>
      <rect
        x={x}
        y={top}
        width={BOX.width}
        height={BOX.height}
        rx={6}
        fill="var(--raised)"
        stroke={warning === undefined ? 'var(--line)' : 'var(--half-open)'}
      />
      <text x={x + 11} y={top + 19} fontSize={12} fill="var(--muted)">
        {name}
      </text>
      <text x={x + 11} y={top + 41} fontSize={17} fill="var(--text)">
        {value}
      </text>
      <text x={x + BOX.width - 11} y={top + 41} fontSize={12} textAnchor="end" fill="var(--muted)">
        {unit}
      </text>
      {warning === undefined ? null : (
        <text
          x={x + BOX.width / 2}
          y={top + BOX.height + 17}
          fontSize={12}
          textAnchor="middle"
          fill="var(--half-open)"
        >
          {warning}
        </text>
      )}
    </g>
  );
}

function toneOf({ state, hold }: Component): string {
  if (hold !== null) return 'text-held';
  return { open: 'text-open', half_open: 'text-half-open', closed: 'text-closed' }[state];
}

function endText({ state, hold, retry_at }: Component, ratePerS: number, nowMs: number): string {
  if (hold !== null && state === 'open') return 'held open';
  if (state === 'open') {
    return retry_at === null ? 'open' : `retry ${formatDuration(Date.parse(retry_at) - nowMs)}`;
  }
  return state === 'half_open' ? 'half-open' : `${formatPerSecond(ratePerS)}/s`;
}

function textOf({ lanes, hidden }: Layout, inFlight: number, nowMs: number): string {
  const parts = lanes.map(({ component, ratePerS }) => {
    const { cause } = whyOf(component, nowMs, false);
    const state = component.hold === null ? component.state.replace('_', '-') : `held ${component.state}`;
    return `${component.name} is ${state}${cause === '' ? '' : `, ${cause}`}, ${formatPerSecond(ratePerS)} calls per second`;
  });
  return `${inFlight} requests under way. ${parts.join('; ')}.${hidden > 0 ? ` ${hidden} more components are not drawn.` : ''}`;
}
