/** A fetched history, continued with the buckets that have come since. */
import type { KeptRow } from '#components/live/row-rings.ts';
import type { History } from '#lib/contracts/history.ts';

export interface Range {
  readonly key: string;
  readonly label: string;
  readonly seconds: number;
  readonly stepS: number;
}

/** The live ones have steps whose buckets come with the snapshots. */
export const RANGES: readonly Range[] = [
  { key: '2m', label: 'Last 2 min', seconds: 120, stepS: 1 },
  { key: '15m', label: 'Last 15 min', seconds: 900, stepS: 5 },
  { key: '1h', label: 'Last hour', seconds: 3_600, stepS: 60 },
  { key: '24h', label: 'Last 24 h', seconds: 86_400, stepS: 600 },
  { key: '7d', label: 'Last 7 days', seconds: 604_800, stepS: 3_600 },
];
export const DEFAULT_RANGE = '15m';

export function rangeOf(key: string | null): Range {
  const found =
    RANGES.find((range) => range.key === key) ?? RANGES.find(({ key: each }) => each === DEFAULT_RANGE);
  if (found === undefined) throw new RangeError('there is no default range');
  return found;
}

export interface Points {
  /** The beginning of each point, epoch milliseconds. */
  readonly timesMs: readonly number[];
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  /** The last point's time is not over. */
  readonly partial: boolean;
  readonly stepS: number;
}

/**
 * @param untilMs points that begin later are left out: the present, or the moment of a pause
 */
export function continued(
  base: History,
  rows: readonly KeptRow[],
  names: readonly string[],
  range: Range,
  untilMs: number,
): Points {
  const fromMs = untilMs - range.seconds * 1_000;
  const baseTimes = base.times.map((at) => Date.parse(at));
  // What was not over when it was fetched has come as a row since, or is about to.
  const live = rows.length > 0;
  const complete = base.partial && live ? baseTimes.slice(0, -1) : baseTimes;
  const lastMs = complete.at(-1) ?? Number.NEGATIVE_INFINITY;
  const fresh = rows.filter(({ atMs }) => atMs > lastMs && atMs >= fromMs && atMs < untilMs);
  const kept = complete
    .map((atMs, index) => ({ atMs, index }))
    .filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
  return {
    timesMs: [...kept.map(({ atMs }) => atMs), ...fresh.map(({ atMs }) => atMs)],
    values: Object.fromEntries(
      names.map((name) => [
        name,
        [
          ...kept.map(({ index }) => base.series[name]?.values[index] ?? null),
          ...fresh.map(({ values }) => values[name] ?? null),
        ],
      ]),
    ),
    partial: base.partial && !live,
    stepS: base.step_s,
  };
}
