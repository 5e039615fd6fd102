import { formatCount, formatRate } from '#components/ui/format.ts';

export interface Bar {
  readonly name: string;
  readonly count: number;
  readonly title?: string;
}

/** Counts as bars with their shares, in the order given. */
export function Bars({ bars, of }: { bars: readonly Bar[]; of: number }) {
  return (
    <ul className="border-t px-4 py-2.5">
      {bars.map(({ name, count, title }) => (
        <li key={name} className="py-1" title={title}>
          <p className="flex justify-between gap-2">
            <span className={count === 0 ? 'text-faint' : 'text-muted'}>{name}</span>
            <span className={count === 0 ? 'text-faint' : ''}>
              {formatCount(count)} · {formatRate(of === 0 ? null : count / of)}
            </span>
          </p>
          <div className="mt-0.5 h-1 rounded bg-raised" aria-hidden>
            <div
              className="h-1 rounded bg-[var(--series-1)]"
              style={{ width: `${of === 0 ? 0 : (count / of) * 100}%` }}
            />
          </div>
        </li>
      ))}
    </ul>
  );
}
