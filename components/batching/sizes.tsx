import { Card } from '#components/ui/card.tsx';
import { counted, formatCount } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { UpstreamBatcherView } from '#lib/contracts/batching.ts';

/** More columns cannot be told apart. */
const MAX_COLUMNS = 24;

export interface Column {
  readonly from: number;
  readonly to: number;
  readonly batches: number;
}

/** Sizes in columns of equal width, from 1 to the largest that there was or may be. */
export function columnsOf({ sizes, limits }: Pick<UpstreamBatcherView, 'sizes' | 'limits'>): Column[] {
  const largest = Math.max(limits.max_size, ...sizes.map(({ size }) => size));
  const width = Math.ceil(largest / MAX_COLUMNS);
  return Array.from({ length: Math.ceil(largest / width) }, (_, column) => {
    const from = column * width + 1;
    const to = from + width - 1;
    const batches = sizes
      .filter(({ size }) => size >= from && size <= to)
      .reduce((sum, { batches: count }) => sum + count, 0);
    return { from, to, batches };
  });
}

/** How many batches had how many items. */
export function Sizes({ batcher }: { batcher: UpstreamBatcherView }) {
  const columns = columnsOf(batcher);
  const most = Math.max(1, ...columns.map(({ batches }) => batches));
  const text = columns
    .filter(({ batches }) => batches > 0)
    .map(
      ({ from, to, batches }) =>
        `${from === to ? from : `${from} to ${to}`}: ${counted(batches, 'batch', 'batches')}`,
    )
    .join(', ');
  return (
    <Card
      title="Sizes"
      note={`batches by their items, since the start; at most ${batcher.limits.max_size} are merged`}
    >
      <div className="border-t px-4 py-3">
        {batcher.total_batches === 0 ? (
          <StateNote kind="noTraffic" title="No batch has been sent yet" />
        ) : (
          <figure>
            <div className="flex h-36 items-end gap-1" aria-hidden>
              {columns.map(({ from, to, batches }) => (
                <div
                  key={from}
                  title={`${from === to ? from : `${from}–${to}`}: ${formatCount(batches)}`}
                  className="flex h-full min-w-0 flex-1 flex-col justify-end"
                >
                  <div
                    className="min-h-px rounded-t-sm bg-[var(--series-1)]"
                    style={{ height: `${(batches / most) * 100}%` }}
                  />
                </div>
              ))}
            </div>
            <div className="mt-1 flex gap-1 border-t pt-1 text-[11px] text-faint" aria-hidden>
              {columns.map(({ from }, at) => (
                <span key={from} className="min-w-0 flex-1 text-center">
                  {at === 0 || at === columns.length - 1 || (at + 1) % 5 === 0 ? from : ''}
                </span>
              ))}
            </div>
            <figcaption className="sr-only">{text}</figcaption>
          </figure>
        )}
      </div>
    </Card>
  );
}
