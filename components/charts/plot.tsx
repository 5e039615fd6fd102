'use client';

import { memo, type PointerEvent, useMemo, useState } from 'react';
import { niceTop, timeTicks } from '#components/charts/axis.ts';
import type { Mark } from '#components/charts/marks.ts';
import {
  curveOf,
  type Frame,
  largestOf,
  nearest,
  SPACE,
  stackOf,
  stepsOf,
  xOf,
} from '#components/charts/plot-path.ts';
import { PlotTooltip } from '#components/charts/plot-tooltip.tsx';
import { type ChartSeries, FEW_SAMPLES, type PlotProps } from '#components/charts/types.ts';
import { formatClock } from '#components/ui/format.ts';

const TICKS_X = 4;
const HALVES = [1, 0.5, 0] as const;

/**
 * The drawing itself. Shapes are stretched to the room there is, texts stand beside them as HTML: nothing is measured,
 * so nothing jumps, and a tick costs a few strings.
 */
export const Plot = memo(function Plot({ series, points, marks, format, samples }: PlotProps) {
  const { timesMs, values, stepS, partial } = points;
  const [pointed, setPointed] = useState<number | null>(null);
  const frame = useMemo((): Frame => {
    const valuesOf = ({ name }: ChartSeries) => values[name] ?? [];
    const top = niceTop(
      largestOf(
        series.filter(({ kind }) => kind === 'area').map(valuesOf),
        series.filter(({ kind }) => kind !== 'area').map(valuesOf),
      ),
    );
    return { fromMs: timesMs[0] ?? 0, toMs: (timesMs.at(-1) ?? 0) + stepS * 1_000, top };
  }, [series, values, timesMs, stepS]);
  const point = ({ currentTarget, clientX }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setPointed(width === 0 ? null : nearest(timesMs, (clientX - left) / width, frame));
  };
  const at = pointed === null ? undefined : timesMs[pointed];
  return (
    <div className="relative h-full pr-13 pb-5 text-[11px] text-faint">
      <div className="relative h-full" onPointerMove={point} onPointerLeave={() => setPointed(null)}>
        <Shapes series={series} points={points} frame={frame} samples={samples} />
        {partial ? (
          <div
            className="absolute inset-y-0 right-0 bg-raised opacity-70"
            style={{ left: percent(xOf(timesMs.at(-1) ?? 0, frame)) }}
          />
        ) : null}
        {marks.map((mark) => (
          <MarkLine key={`${mark.atMs} ${mark.label}`} mark={mark} x={xOf(mark.atMs, frame)} />
        ))}
        {at === undefined || pointed === null ? null : (
          <>
            <div
              className="pointer-events-none absolute inset-y-0 w-px bg-muted"
              style={{ left: percent(xOf(at, frame)) }}
            />
            <PlotTooltip
              index={pointed}
              points={points}
              series={series}
              format={format}
              samples={samples?.[pointed] ?? null}
              side={xOf(at, frame) > SPACE / 2 ? 'left' : 'right'}
            />
          </>
        )}
        <AxisY top={frame.top} format={format} />
        <AxisX frame={frame} />
      </div>
    </div>
  );
});

function Shapes({
  series,
  points: { timesMs, values, partial },
  frame,
  samples,
}: Pick<PlotProps, 'series' | 'points' | 'samples'> & { frame: Frame }) {
  const areas = series.filter(({ kind }) => kind === 'area');
  const stack = stackOf(
    timesMs,
    areas.map(({ name }) => values[name] ?? []),
    frame,
  );
  const isUnsure = (index: number) =>
    (partial && index === timesMs.length - 1) ||
    (samples !== undefined && (samples[index] ?? 0) < FEW_SAMPLES);
  return (
    <svg
      viewBox={`0 0 ${SPACE} ${SPACE}`}
      preserveAspectRatio="none"
      className="absolute inset-0 size-full overflow-visible"
      aria-hidden
    >
      <g fill="none" strokeLinejoin="round" strokeLinecap="round">
        {HALVES.map((share) => (
          <path
            key={share}
            d={`M0 ${(1 - share) * SPACE}H${SPACE}`}
            stroke="var(--line)"
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {areas.map(({ name, color }, index) => (
          <path key={name} d={stack[index]} fill={color} fillOpacity={0.75} />
        ))}
        {series.map((each) =>
          each.kind === 'area' ? null : (
            <Curve
              key={each.name}
              series={each}
              frame={frame}
              timesMs={timesMs}
              values={values[each.name] ?? []}
              isUnsure={isUnsure}
            />
          ),
        )}
      </g>
    </svg>
  );
}

function Curve({
  series: { kind, color, dashed },
  frame,
  timesMs,
  values,
  isUnsure,
}: {
  series: ChartSeries;
  frame: Frame;
  timesMs: readonly number[];
  values: readonly (number | null)[];
  isUnsure: (index: number) => boolean;
}) {
  const look = { stroke: color, strokeWidth: 1.6, vectorEffect: 'non-scaling-stroke' } as const;
  if (kind === 'step') {
    return (
      <path
        d={stepsOf(timesMs, values, frame)}
        {...look}
        {...(dashed === true ? { strokeDasharray: '4 4' } : {})}
      />
    );
  }
  const { sure, unsure } = curveOf(timesMs, values, frame, isUnsure);
  return (
    <>
      <path d={sure} {...look} {...(dashed === true ? { strokeDasharray: '4 4' } : {})} />
      <path d={unsure} {...look} strokeDasharray="1 3.5" />
    </>
  );
}

/** Its label stands beside it, towards the middle. */
function MarkLine({ mark, x }: { mark: Mark; x: number }) {
  const left = x > SPACE / 2;
  return (
    <div
      className="pointer-events-none absolute inset-y-0 border-l border-dashed border-muted"
      style={{ left: percent(x) }}
    >
      {mark.line === null ? null : (
        <span
          className={`absolute flex max-w-36 bg-card/80 px-1 text-[10px] leading-3 text-muted ${left ? 'right-0.5' : 'left-0.5'}`}
          style={{ top: `${mark.line * 12}px` }}
        >
          <span className="truncate">{mark.label}</span>
          {mark.more > 0 ? <span className="shrink-0">&nbsp;+{mark.more}</span> : null}
        </span>
      )}
    </div>
  );
}

function AxisY({ top, format }: { top: number; format: (value: number) => string }) {
  return HALVES.map((share) => (
    <span
      key={share}
      className="absolute left-full -translate-y-1/2 pl-2 whitespace-nowrap"
      style={{ top: `${(1 - share) * 100}%` }}
    >
      {share === 0 ? '0' : format(top * share)}
    </span>
  ));
}

function AxisX({ frame }: { frame: Frame }) {
  const { fromMs, toMs } = frame;
  const spanMs = toMs - fromMs;
  return (
    timeTicks(fromMs, toMs, TICKS_X)
      // A text at the very edge would be cut.
      .filter((at) => at - fromMs > spanMs * 0.06 && toMs - at > spanMs * 0.04)
      .map((at) => (
        <span
          key={at}
          className="absolute top-full -translate-x-1/2 pt-1 leading-4 whitespace-nowrap"
          style={{ left: percent(xOf(at, frame)) }}
        >
          {formatClock(at, spanMs)}
        </span>
      ))
  );
}

function percent(units: number): string {
  return `${(units / SPACE) * 100}%`;
}
