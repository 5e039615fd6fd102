import type { ReactNode } from 'react';
import { Sparkline } from '#components/charts/sparkline.tsx';

export interface MetricTileProps {
  label: string;
  /** Already formatted; `—` when there is none. */
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
    <dl className="min-w-0 rounded-card border bg-card px-3 py-2">
      <div className="flex min-w-0 flex-col">
        <dt className="flex h-5 items-start justify-between gap-2 text-muted">
          <span className="truncate">{label}</span>
          {trend === undefined ? null : (
            <span className="w-10 shrink-0 sm:w-14">
              <Sparkline values={trend} className="text-muted" height={20} />
            </span>
          )}
        </dt>
        <dd className={`whitespace-nowrap text-[24px] leading-8 font-semibold ${TONES[tone]}`}>
          {value}
          <span className="ml-1 text-[13px] font-normal text-muted">{unit}</span>
        </dd>
        <dd
          className="text-[12px] text-muted max-sm:min-h-9 sm:truncate"
          title={typeof note === 'string' ? note : undefined}
        >
          {note}
        </dd>
      </div>
    </dl>
  );
}
