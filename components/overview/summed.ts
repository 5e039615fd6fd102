/** The load of all upstreams together, from the series of each. */
import { SLOT_SERIES } from '#components/charts/traffic-charts.ts';
import type { HistoryState } from '#components/live/use-history.ts';

export function summed(history: HistoryState, upstreams: readonly string[]): HistoryState {
  if (history.state !== 'ready') return history;
  const { points } = history;
  const values = Object.fromEntries(
    SLOT_SERIES.map(({ name }) => [
      name,
      points.timesMs.map((_, index) => {
        const known = upstreams
          .map((upstream) => points.values[`${name}:${upstream}`]?.[index] ?? null)
          .filter((value) => value !== null);
        return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
      }),
    ]),
  );
  return { ...history, points: { ...points, values } };
}
