import type { ReactNode } from 'react';
import { Sparkline } from '#components/charts/sparkline.tsx';

export interface MetricTileProps {
  label: string;
  /** Already formatted; `–` when there is none. */
  value: string;
  unit: string;
  /** The window, and what else belongs to the figure. */
  note: ReactNode;
  trend?: readonly (number | null)[];
  tone?: 'plain' | 'warning' | 'bad';
}

const TONES = { plain: 'text-text', warning: 'text-half-open', bad: 'text-open' } as const;

/** One figure with its unit, its window and a small trend. */
export function MetricTile({ label, value, unit, note, trend, tone = 'plain' }: MetricTileProps) {
  return (
    <dl className="flex min-w-0 flex-col rounded-card border bg-card px-3 py-2.5">
      <div className="flex h-5 items-start justify-between gap-2">
        <dt className="truncate text-muted">{label}</dt>
        {trend === undefined ? null : (
          <dd aria-hidden className="w-16 shrink-0">
            <Sparkline values={trend} className="text-muted" height={20} />
          </dd>
        )}
      </div>
      <dd className={`whitespace-nowrap text-[24px] leading-8 font-semibold ${TONES[tone]}`}>
        {value}
        <span className="ml-1 text-[13px] font-normal text-muted">{unit}</span>
      </dd>
      <dd className="truncate text-muted" title={typeof note === 'string' ? note : undefined}>
        {note}
      </dd>
    </dl>
  );
}
