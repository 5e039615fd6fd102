'use client';

import { RANGES } from '#components/live/series.ts';
import { useRange } from '#components/live/use-range.ts';

/** Which time the charts show. */
export function RangeSelect({ className = '' }: { className?: string }) {
  const [range, setRange] = useRange();
  return (
    <select
      aria-label="Range of the charts"
      value={range.key}
      onChange={(event) => setRange(event.target.value)}
      className={`h-8 rounded-md border bg-card px-2 font-medium ${className}`}
    >
      {RANGES.map(({ key, label }) => (
        <option key={key} value={key}>
          {label}
        </option>
      ))}
    </select>
  );
}
