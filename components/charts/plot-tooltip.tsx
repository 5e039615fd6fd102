import { type ChartSeries, FEW_SAMPLES } from '#components/charts/types.ts';
import { formatCount, formatTime, UNKNOWN } from '#components/ui/format.ts';

/** The values at one point, with its time, its length, and how many samples stand behind it. */
export function PlotTooltip({
  datum,
  series,
  format,
  stepS,
}: {
  datum: (Record<string, number | null> & { t: number }) | undefined;
  series: readonly ChartSeries[];
  format: (value: number) => string;
  stepS: number;
}) {
  if (datum === undefined) return null;
  const { t, n } = datum;
  return (
    <div className="rounded-md border bg-card px-2.5 py-1.5 text-[12px]">
      <p className="text-muted">
        {formatTime(new Date(t).toISOString(), Date.now())}, {stepS} s
      </p>
      {series.map(({ name, label, color }) => {
        const value = datum[name] ?? null;
        return (
          <p key={name} className="flex justify-between gap-4">
            <span className="flex items-center gap-1.5">
              <span aria-hidden className="size-2 rounded-[2px]" style={{ background: color }} />
              {label}
            </span>
            <span>{value === null ? UNKNOWN : format(value)}</span>
          </p>
        );
      })}
      {n === null || n === undefined ? null : (
        <p className="text-muted">
          {formatCount(n)} samples{n < FEW_SAMPLES ? ', few' : ''}
        </p>
      )}
    </div>
  );
}
