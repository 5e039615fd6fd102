'use client';

import { memo, useCallback, useMemo } from 'react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceArea,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { niceTop, timeTicks } from '#components/charts/axis.ts';
import type { Mark } from '#components/charts/marks.ts';
import { PlotTooltip } from '#components/charts/plot-tooltip.tsx';
import { type ChartSeries, FEW_SAMPLES, type PlotProps } from '#components/charts/types.ts';
import { useTurn } from '#components/charts/use-turn.ts';
import { formatClock } from '#components/ui/format.ts';
import { Skeleton } from '#components/ui/state-notes.tsx';

const TICK = { fill: 'var(--faint)', fontSize: 11 } as const;
const MARGIN = { top: 6, right: 0, bottom: 0, left: 0 } as const;
const TICKS_X = 4;
const LABEL_LINE_PX = 12;
const MAX_LABEL_CHARS = 24;

/**
 * One point of all series: its place `i`, its beginning `t`, and by the series' place its value (`s0`, `s1`, …), or
 * the value as a part of the stroke that is not to be trusted (`u0`, `u1`, …). Keys that stay the same from tick to
 * tick spare Recharts from registering its parts anew.
 */
type Datum = Readonly<Record<string, number | null>> & { readonly i: number; readonly t: number };

/** The drawing itself, in a chunk of its own: Recharts is larger than the rest of a page, and comes after it. */
export default memo(function Plot(props: PlotProps) {
  const shown = useTurn(props);
  return shown === null ? <Skeleton className="h-full" /> : <Drawing {...shown} />;
});

const Drawing = memo(function Drawing({ series, points, marks, format, samples }: PlotProps) {
  const { timesMs, stepS, partial } = points;
  const isUnsure = useCallback(
    (index: number) =>
      (partial && index === timesMs.length - 1) ||
      (samples !== undefined && (samples[index] ?? 0) > 0 && (samples[index] ?? 0) < FEW_SAMPLES),
    [partial, timesMs, samples],
  );
  const data = useMemo(() => dataOf(series, points, isUnsure), [series, points, isUnsure]);
  const fromMs = timesMs[0] ?? 0;
  const lastMs = timesMs.at(-1) ?? 0;
  const toMs = lastMs + stepS * 1_000;
  const top = niceTop(largestOf(series, points));
  const spanMs = toMs - fromMs;
  const formatTime = useCallback((at: number) => formatClock(at, spanMs), [spanMs]);
  const formatValue = useCallback((value: number) => (value === 0 ? '0' : format(value)), [format]);
  return (
    <ResponsiveContainer width="100%" height="100%">
      <ComposedChart data={data} margin={MARGIN} accessibilityLayer={false}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="t"
          type="number"
          domain={[fromMs, toMs]}
          ticks={timeTicks(fromMs, toMs, TICKS_X)}
          tickFormatter={formatTime}
          tick={TICK}
          tickLine={false}
          axisLine={{ stroke: 'var(--line)' }}
          height={20}
          allowDataOverflow
        />
        <YAxis
          orientation="right"
          domain={[0, top]}
          ticks={[0, top / 2, top]}
          tickFormatter={formatValue}
          tick={TICK}
          tickLine={false}
          axisLine={false}
          width={52}
          allowDataOverflow
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--muted)' }}
          content={({ active, payload }) => {
            // Recharts hands out what it was given, untyped.
            const datum = payload?.[0]?.payload as Datum | undefined;
            if (!active || datum === undefined) return null;
            return (
              <PlotTooltip
                index={datum.i}
                points={points}
                series={series}
                format={format}
                samples={samples?.[datum.i] ?? null}
              />
            );
          }}
        />
        {partial ? <ReferenceArea x1={lastMs} x2={toMs} fill="var(--raised)" fillOpacity={0.8} /> : null}
        {series.map((each, place) => (each.kind === 'area' ? areaOf(each, place) : linesOf(each, place)))}
        {marks.map((mark) => (
          <ReferenceLine
            key={`${mark.atMs} ${mark.label}`}
            x={mark.atMs}
            stroke="var(--muted)"
            strokeDasharray="2 3"
            label={mark.line === null ? '' : <MarkLabel mark={mark} line={mark.line} />}
          />
        ))}
      </ComposedChart>
    </ResponsiveContainer>
  );
});

/** Recharts looks for its own parts among the children, so these are functions and no components. */
function areaOf({ name, color }: ChartSeries, place: number) {
  return (
    <Area
      key={name}
      dataKey={`s${place}`}
      stackId="stack"
      type="linear"
      stroke="none"
      fill={color}
      fillOpacity={0.75}
      isAnimationActive={false}
      activeDot={false}
    />
  );
}

/** Two strokes: what can be trusted, and dotted what stands on few samples or is not over. Round ends make a lone point a dot. */
function linesOf({ name, color, kind, dashed }: ChartSeries, place: number) {
  const look = {
    type: kind === 'step' ? 'stepAfter' : 'linear',
    stroke: color,
    strokeWidth: 1.6,
    strokeLinecap: 'round',
    dot: false,
    isAnimationActive: false,
  } as const;
  return [
    <Line
      key={name}
      dataKey={`s${place}`}
      {...look}
      {...(dashed === true ? { strokeDasharray: '4 4' } : {})}
      activeDot={{ r: 3 }}
    />,
    ...(kind === 'step'
      ? []
      : [
          <Line
            key={`${name} unsure`}
            dataKey={`u${place}`}
            {...look}
            strokeDasharray="1 3.5"
            activeDot={false}
          />,
        ]),
  ];
}

function dataOf(
  series: readonly ChartSeries[],
  { timesMs, values }: PlotProps['points'],
  isUnsure: (index: number) => boolean,
): Datum[] {
  return timesMs.map((t, i) => {
    const datum: Record<string, number | null> & { i: number; t: number } = { i, t };
    const here = isUnsure(i);
    const near = here || isUnsure(i - 1) || isUnsure(i + 1);
    series.forEach(({ name, kind }, place) => {
      const value = values[name]?.[i] ?? null;
      datum[`s${place}`] = here && kind === 'line' ? null : value;
      datum[`u${place}`] = near ? value : null;
    });
    return datum;
  });
}

/** The height that is needed: of what is stacked the highest sum, of lines the highest value. */
function largestOf(series: readonly ChartSeries[], { timesMs, values }: PlotProps['points']): number {
  let largest = 0;
  for (let i = 0; i < timesMs.length; i += 1) {
    let sum = 0;
    for (const { name, kind } of series) {
      const value = values[name]?.[i] ?? 0;
      if (kind === 'area') sum += value;
      else largest = Math.max(largest, value);
    }
    largest = Math.max(largest, sum);
  }
  return largest;
}

/** Beside its line, towards the middle. */
function MarkLabel({
  mark,
  line,
  viewBox,
}: {
  mark: Mark;
  line: number;
  viewBox?: { x?: number; y?: number };
}) {
  const { x = 0, y = 0 } = viewBox ?? {};
  const { label, more } = mark;
  const short = label.length > MAX_LABEL_CHARS ? `${label.slice(0, MAX_LABEL_CHARS - 1)}…` : label;
  const left = mark.late;
  return (
    <text
      x={left ? x - 4 : x + 4}
      y={y + 8 + line * LABEL_LINE_PX}
      textAnchor={left ? 'end' : 'start'}
      fontSize={10}
      fill="var(--muted)"
      paintOrder="stroke"
      stroke="var(--card)"
      strokeWidth={3}
    >
      {more > 0 ? `${short} +${more}` : short}
    </text>
  );
}
