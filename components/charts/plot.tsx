'use client';

import { memo } from 'react';
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
import { formatClock } from '#components/ui/format.ts';

const TICK = { fill: 'var(--faint)', fontSize: 11 } as const;
const MARGIN = { top: 6, right: 0, bottom: 0, left: 0 } as const;
const TICKS_X = 4;
const LABEL_LINE_PX = 12;
const MAX_LABEL_CHARS = 24;

/** One point of all series: its place, its beginning, the samples behind it, and the values by name. */
interface Datum {
  readonly index: number;
  readonly t: number;
  readonly n: number | null;
  readonly values: Readonly<Record<string, number | null>>;
}

/** The drawing itself, in a chunk of its own: Recharts is larger than the rest of a page, and comes after it. */
export default memo(function Plot({ series, points, marks, format, samples }: PlotProps) {
  const { timesMs, values, stepS, partial } = points;
  const data = timesMs.map(
    (t, index): Datum => ({
      index,
      t,
      n: samples?.[index] ?? null,
      values: Object.fromEntries(series.map(({ name }) => [name, values[name]?.[index] ?? null])),
    }),
  );
  const fromMs = timesMs[0] ?? 0;
  const lastMs = timesMs.at(-1) ?? 0;
  const toMs = lastMs + stepS * 1_000;
  const top = niceTop(Math.max(0, ...data.map((datum) => largest(datum, series))));
  return (
    <ResponsiveContainer width="100%" height="100%">
      <ComposedChart data={data} margin={MARGIN} accessibilityLayer={false}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="t"
          type="number"
          domain={[fromMs, toMs]}
          ticks={timeTicks(fromMs, toMs, TICKS_X)}
          tickFormatter={(at: number) => formatClock(at, toMs - fromMs)}
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
          tickFormatter={(value: number) => (value === 0 ? '0' : format(value))}
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
                index={datum.index}
                points={points}
                series={series}
                format={format}
                samples={datum.n}
              />
            );
          }}
        />
        {partial ? <ReferenceArea x1={lastMs} x2={toMs} fill="var(--raised)" fillOpacity={0.8} /> : null}
        {series.map((each) => (each.kind === 'area' ? areaOf(each) : lineOf(each, values[each.name] ?? [])))}
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
function areaOf({ name, color }: ChartSeries) {
  return (
    <Area
      key={name}
      dataKey={(datum: Datum) => datum.values[name]}
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

function lineOf({ name, color, kind, dashed }: ChartSeries, values: readonly (number | null)[]) {
  return (
    <Line
      key={name}
      dataKey={(datum: Datum) => datum.values[name]}
      type={kind === 'step' ? 'stepAfter' : 'linear'}
      stroke={color}
      strokeWidth={1.6}
      {...(dashed === true ? { strokeDasharray: '4 3' } : {})}
      dot={<Dot values={values} />}
      activeDot={{ r: 3 }}
      isAnimationActive={false}
    />
  );
}

/** The height of a point: of what is stacked the sum, of lines the highest. */
function largest({ values }: Datum, series: readonly ChartSeries[]): number {
  const sum = series.reduce(
    (total, { name, kind }) => total + (kind === 'area' ? (values[name] ?? 0) : 0),
    0,
  );
  return Math.max(sum, ...series.map(({ name, kind }) => (kind === 'area' ? 0 : (values[name] ?? 0))));
}

interface DotProps {
  values: readonly (number | null)[];
  cx?: number;
  cy?: number | null;
  index?: number;
  stroke?: string;
  payload?: Datum;
}

/** A ring where a percentile stands on few samples, a dot where a point has no neighbours to be a line with. */
function Dot({ values, cx, cy, index = 0, stroke, payload }: DotProps) {
  if (cx === undefined || cy === undefined || cy === null || (values[index] ?? null) === null) return null;
  const n = payload?.n ?? null;
  if (n !== null && n < FEW_SAMPLES) {
    return <circle cx={cx} cy={cy} r={1.8} fill="var(--card)" stroke={stroke} strokeWidth={1} />;
  }
  const alone = (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
  return alone ? <circle cx={cx} cy={cy} r={1.6} fill={stroke} /> : null;
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
