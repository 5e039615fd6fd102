import {
  BOX,
  type Lane,
  lineWidth,
  STAGES_TO,
  STRAIGHT_X,
  type Stage,
  SWITCH_X,
  TARGET,
} from '#components/overview/diagram-layout.ts';
import { endText, toneOf } from '#components/overview/diagram-words.ts';
import { formatPerSecond } from '#components/ui/format.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

export function LaneLine({
  lane: { component, y, ratePerS, width },
  middle,
  nowMs,
  onOpen,
}: {
  lane: Lane;
  middle: number;
  nowMs: number;
  onOpen: () => void;
}) {
  const isOpen = component.state === 'open';
  const bend = (STAGES_TO + STRAIGHT_X) / 2;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the picture is an image; the table below has the links
    <g className={`cursor-pointer ${toneOf(component)}`} onClick={onOpen}>
      <path
        d={`M${STAGES_TO} ${middle}C${bend} ${middle} ${bend} ${y} ${STRAIGHT_X} ${y}H${SWITCH_X - 18}`}
        fill="none"
        stroke={isOpen ? 'currentColor' : 'var(--faint)'}
        strokeWidth={isOpen ? 1.4 : width}
        strokeDasharray={isOpen ? '4 4' : undefined}
      />
      <text x={STRAIGHT_X + 4} y={y - 8} fontSize={12} fill="var(--muted)">
        {component.operation ?? component.name}
      </text>
      <g transform={`translate(${SWITCH_X} ${y})`}>
        <Switch component={component} />
      </g>
      <line
        x1={SWITCH_X + 18}
        x2={TARGET.x}
        y1={y}
        y2={y}
        stroke={isOpen ? 'currentColor' : 'var(--faint)'}
        strokeWidth={isOpen ? 1.4 : width}
        strokeDasharray={isOpen ? '4 4' : undefined}
      />
      <rect
        x={TARGET.x}
        y={y - TARGET.height / 2}
        width={TARGET.width}
        height={TARGET.height}
        rx={6}
        fill="var(--raised)"
        stroke={component.state === 'closed' && component.hold === null ? 'var(--line)' : 'currentColor'}
      />
      <text x={TARGET.x + 11} y={y + 4} fontSize={12} fill="var(--text)">
        {component.upstream ?? component.name}
        <tspan fill="var(--muted)">{` · ${endText(component, ratePerS, nowMs)}`}</tspan>
      </text>
    </g>
  );
}

/** A breaker's switch around its own middle: shut, ajar, open; a lock when somebody holds it. */
export function Switch({ component: { state, hold } }: { component: Component }) {
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

/** What the cache answers goes back to the clients, above their way. */
export function LoopBack({
  from,
  to,
  middle,
  ratePerS,
}: {
  from: number;
  to: number;
  middle: number;
  ratePerS: number;
}) {
  if (ratePerS <= 0) return null;
  const top = middle - BOX.height / 2;
  const lift = top - 20;
  return (
    <g>
      <path
        d={`M${from} ${top}V${lift + 8}Q${from} ${lift} ${from - 8} ${lift}H${to + 8}Q${to} ${lift} ${to} ${lift + 8}V${top}`}
        fill="none"
        stroke="var(--closed)"
        strokeWidth={lineWidth(ratePerS)}
      />
      <text x={(from + to) / 2} y={lift - 7} fontSize={12} textAnchor="middle" fill="var(--muted)">
        {`${formatPerSecond(ratePerS)}/s from cache`}
      </text>
    </g>
  );
}

/** A stage of the way that all requests take. */
export function StageBox({
  stage: { name, value, unit, warning },
  x,
  y,
}: {
  stage: Stage;
  x: number;
  y: number;
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
