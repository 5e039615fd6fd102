import { FEW_SAMPLES, type PlotProps } from '#components/charts/types.ts';
import { counted, formatDuration, formatTime, UNKNOWN } from '#components/ui/format.ts';

/** The values at one point, with its time, its length, and how many samples stand behind it. */
export function PlotTooltip({
  index,
  points: { timesMs, values, stepS },
  series,
  format,
  samples,
}: Pick<PlotProps, 'points' | 'series' | 'format'> & {
  index: number;
  samples: number | null;
}) {
  const at = timesMs[index] ?? 0;
  return (
    <div className="rounded-md border bg-card px-2.5 py-1.5 text-[12px] whitespace-nowrap text-text">
      <p className="text-muted">
        {formatTime(new Date(at).toISOString(), Date.now())}, {formatDuration(stepS * 1_000)}
      </p>
      {series.map(({ name, label, color }) => {
        const value = values[name]?.[index] ?? null;
        return (
          <p key={name} className="flex justify-between gap-4">
            <span className="flex items-center gap-1.5">
              <span className="size-2 rounded-[2px]" style={{ background: color }} />
              {label}
            </span>
            <span>{value === null ? UNKNOWN : format(value)}</span>
          </p>
        );
      })}
      {samples === null ? null : (
        <p className="text-muted">
          {counted(samples, 'sample')}
          {samples < FEW_SAMPLES ? ', few' : ''}
        </p>
      )}
    </div>
  );
}
