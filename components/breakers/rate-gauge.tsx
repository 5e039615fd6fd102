import { formatRate, withUnit } from '#components/ui/format.ts';

/** A share as a bar, with a tick where the breaker opens. */
export function RateGauge({
  name,
  rate,
  count,
  calls,
  thresholdPercent,
  label = true,
}: {
  name: string;
  rate: number | null;
  count: number;
  calls: number;
  thresholdPercent: number;
  /** Whether its name stands with it, or in a column's head. */
  label?: boolean;
}) {
  const over = rate !== null && rate * 100 >= thresholdPercent;
  const text = `${count} of ${calls} calls ${name}; opens at ${withUnit(thresholdPercent, '%')}`;
  return (
    <div title={text}>
      <p className="flex justify-between gap-2 whitespace-nowrap">
        <span className={label ? 'text-muted' : 'text-faint lg:sr-only'}>{name}</span>
        <span className={rate === null ? 'text-faint' : over ? 'text-open' : ''}>{formatRate(rate)}</span>
      </p>
      <div className="relative mt-0.5 h-1 rounded bg-raised" aria-hidden>
        <div
          className={`h-1 rounded ${over ? 'bg-open' : 'bg-half-open'}`}
          style={{ width: `${Math.min(1, rate ?? 0) * 100}%` }}
        />
        <div className="absolute -top-0.5 h-2 w-px bg-text" style={{ left: `${thresholdPercent}%` }} />
      </div>
      <span className="sr-only">{text}</span>
    </div>
  );
}
