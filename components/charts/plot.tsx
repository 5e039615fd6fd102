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
import { MAX_LABELS, type Mark } from '#components/charts/marks.ts';
import { PlotTooltip } from '#components/charts/plot-tooltip.tsx';
import { type ChartSeries, FEW_SAMPLES, type PlotProps } from '#components/charts/types.ts';
import { formatClock } from '#components/ui/format.ts';

const TICK = { fill: 'var(--faint)', fontSize: 11 } as const;
const TICKS_X = 4;
const DAY_MS = 86_400_000;
const LABEL_LINE_PX = 12;
const MAX_LABEL_CHARS = 26;

type Datum = Record<string, number | null> & { t: number };

/** The drawing itself, in a part of its own: Recharts is loaded when the first chart is seen. */
export default memo(function Plot({ series, points, marks, format, samples }: PlotProps) {
  const { timesMs, values, stepS, partial } = points;
  const stacked = series.filter(({ kind }) => kind === 'area');
  const data: Datum[] = timesMs.map((t, index) => ({
    t,
    n: samples?.[index] ?? null,
    ...Object.fromEntries(series.map(({ name }) => [name, values[name]?.[index] ?? null])),
  }));
  const fromMs = timesMs[0] ?? 0;
  const lastMs = timesMs.at(-1) ?? 0;
  const toMs = lastMs + stepS * 1_000;
  const top = niceTop(Math.max(0, ...data.map((datum) => largest(datum, series, stacked))));
  return (
    <ResponsiveContainer width="100%" height="100%">
      <ComposedChart data={data} margin={{ top: 4, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="t"
          type="number"
          domain={[fromMs, toMs]}
          ticks={timeTicks(fromMs, toMs, TICKS_X)}
          tickFormatter={(at: number) => formatClock(at, toMs - fromMs > DAY_MS)}
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
          content={({ active, payload }) => (
            <PlotTooltip
              datum={active ? (payload?.[0]?.payload as Datum | undefined) : undefined}
              series={series}
              format={format}
              stepS={stepS}
            />
          )}
        />
        {partial ? <ReferenceArea x1={lastMs} x2={toMs} fill="var(--raised)" fillOpacity={0.8} /> : null}
        {series.map((each) =>
          each.kind === 'area' ? (
            <Area
              key={each.name}
              dataKey={each.name}
              stackId="stack"
              type="linear"
              stroke={each.color}
              strokeWidth={1}
              fill={each.color}
              fillOpacity={0.55}
              isAnimationActive={false}
              activeDot={false}
            />
          ) : (
            <Line
              key={each.name}
              dataKey={each.name}
              type={each.kind === 'step' ? 'stepAfter' : 'linear'}
              stroke={each.color}
              strokeWidth={1.6}
              {...(each.dashed === true ? { strokeDasharray: '4 3' } : {})}
              dot={samples === undefined ? <Lonely points={values[each.name] ?? []} /> : <Few />}
              activeDot={{ r: 3 }}
              isAnimationActive={false}
            />
          ),
        )}
        {marks.map((mark, index) => (
          <ReferenceLine
            key={`${mark.atMs} ${mark.label}`}
            x={mark.atMs}
            stroke="var(--muted)"
            strokeDasharray="2 3"
            label={index < marks.length - MAX_LABELS ? '' : <MarkLabel mark={mark} line={index % 3} />}
          />
        ))}
      </ComposedChart>
    </ResponsiveContainer>
  );
});

function largest(datum: Datum, series: readonly ChartSeries[], stacked: readonly ChartSeries[]): number {
  const sum = stacked.reduce((total, { name }) => total + (datum[name] ?? 0), 0);
  return Math.max(sum, ...series.filter(({ kind }) => kind !== 'area').map(({ name }) => datum[name] ?? 0));
}

interface DotProps {
  cx?: number;
  cy?: number | null;
  index?: number;
  stroke?: string;
  payload?: Datum;
}

/** A point without neighbours would not be seen as a line. */
function Lonely({ points, cx, cy, index = 0, stroke }: DotProps & { points: readonly (number | null)[] }) {
  const alone = (points[index - 1] ?? null) === null && (points[index + 1] ?? null) === null;
  if (!alone || cx === undefined || cy === undefined || cy === null || (points[index] ?? null) === null)
    return null;
  return <circle cx={cx} cy={cy} r={1.6} fill={stroke} />;
}

/** A ring where a percentile stands on few samples. */
function Few({ cx, cy, stroke, payload }: DotProps) {
  const n = payload?.n;
  if (cx === undefined || cy === undefined || cy === null || n === undefined || n === null) return null;
  if (n === 0 || n >= FEW_SAMPLES) return null;
  return <circle cx={cx} cy={cy} r={1.8} fill="var(--card)" stroke={stroke} strokeWidth={1} />;
}

/** To the left of its line where there is more room, each on a line of its own. */
function MarkLabel({
  mark,
  line,
  viewBox,
}: {
  mark: Mark;
  line: number;
  viewBox?: { x?: number; y?: number; width?: number };
}) {
  const { x = 0, y = 0 } = viewBox ?? {};
  const text =
    mark.label.length > MAX_LABEL_CHARS ? `${mark.label.slice(0, MAX_LABEL_CHARS - 1)}…` : mark.label;
  const left = x > 150;
  return (
    <text
      x={left ? x - 4 : x + 4}
      y={y + 9 + line * LABEL_LINE_PX}
      textAnchor={left ? 'end' : 'start'}
      fontSize={10}
      fill="var(--muted)"
      paintOrder="stroke"
      stroke="var(--card)"
      strokeWidth={3}
    >
      {text}
    </text>
  );
}
