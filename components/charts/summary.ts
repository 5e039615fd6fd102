/** A chart in words, for those who do not see it. */
import type { ChartSeries } from '#components/charts/types.ts';
import type { Points } from '#components/live/series.ts';

export function summaryOf(
  series: readonly ChartSeries[],
  { values }: Pick<Points, 'values'>,
  format: (value: number) => string,
): string {
  const parts = series.map(({ name, label }) => {
    const known = (values[name] ?? []).filter((value) => value !== null);
    const last = known.at(-1);
    if (last === undefined) return `${label}: nothing measured`;
    return `${label}: now ${format(last)}, lowest ${format(Math.min(...known))}, highest ${format(Math.max(...known))}`;
  });
  return `${parts.join('; ')}.`;
}
