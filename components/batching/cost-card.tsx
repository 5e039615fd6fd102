import { Card } from '#components/ui/card.tsx';
import { counted, formatMs } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { UpstreamBatcherView } from '#lib/contracts/batching.ts';

const WIDTH = 360;
const HEIGHT = 128;
const LEFT = 44;
const BOTTOM = 20;
const MIN_LABEL_GAP = 12;

/** What a call takes by its size, as fitted, and what that means for batching. */
export function CostCard({ batcher }: { batcher: UpstreamBatcherView }) {
  const { cost_line: line, limits, regret_ms_per_item, avg_batch_size, batching_pays } = batcher;
  return (
    <Card title="Does it pay?" note="duration of a call by its size, fitted to the calls that were alone">
      <div className="border-t px-4 py-3">
        {line === null ? (
          <StateNote kind="noTraffic" title="Not known yet: calls of different sizes are needed">
            until then batching is taken to pay
          </StateNote>
        ) : (
          <>
            <p className="font-medium">{verdict(batching_pays, line, limits.max_size)}</p>
            <Line line={line} size={limits.max_size} average={avg_batch_size} />
            <p className="mt-1 text-faint">
              {formatMs(line.per_call_ms)} for a call and {formatMs(line.per_item_ms)} for each item, from{' '}
              {counted(line.calls, 'call')}.
              {regret_ms_per_item === null
                ? ''
                : ` Full batches would save ${formatMs(regret_ms_per_item)} of the upstream’s time per item.`}
            </p>
          </>
        )}
      </div>
    </Card>
  );
}

function verdict(pays: boolean, line: NonNullable<UpstreamBatcherView['cost_line']>, size: number): string {
  const single = line.per_item_ms + line.per_call_ms;
  const full = line.per_item_ms * size + line.per_call_ms;
  if (!pays) return 'It does not pay here, so nothing waits for company.';
  return `It pays: ${size} in one call take ${formatMs(full)}, ${size} calls of one ${formatMs(single * size)}.`;
}

function Line({
  line,
  size,
  average,
}: {
  line: NonNullable<UpstreamBatcherView['cost_line']>;
  size: number;
  average: number;
}) {
  const full = line.per_item_ms * size + line.per_call_ms;
  const x = (n: number) => LEFT + (n / size) * (WIDTH - LEFT - 8);
  const y = (ms: number) => HEIGHT - BOTTOM - (ms / (full * 1.1 || 1)) * (HEIGHT - BOTTOM - 8);
  const at = Math.min(size, Math.max(0, average));
  const text = `A line from ${formatMs(line.per_call_ms)} for no item to ${formatMs(full)} for ${size}; the average batch has ${average.toFixed(1)}`;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="mt-2 w-full max-w-md" role="img" aria-label={text}>
      <path d={`M${LEFT} 6V${HEIGHT - BOTTOM}H${WIDTH - 4}`} fill="none" stroke="var(--line)" />
      <line
        x1={x(0)}
        y1={y(line.per_call_ms)}
        x2={x(size)}
        y2={y(full)}
        stroke="var(--series-1)"
        strokeWidth={1.6}
      />
      <circle cx={x(at)} cy={y(line.per_item_ms * at + line.per_call_ms)} r={3.5} fill="var(--closed)" />
      <g fontSize={10} fill="var(--faint)">
        <text x={LEFT - 5} y={y(full) + 3} textAnchor="end">
          {formatMs(full)}
        </text>
        {y(line.per_call_ms) - y(full) < MIN_LABEL_GAP ? null : (
          <text x={LEFT - 5} y={y(line.per_call_ms) + 3} textAnchor="end">
            {formatMs(line.per_call_ms)}
          </text>
        )}
        <text x={LEFT} y={HEIGHT - 6}>
          0
        </text>
        <text x={x(size)} y={HEIGHT - 6} textAnchor="end">
          {size} items
        </text>
        <text
          x={x(at)}
          y={y(line.per_item_ms * at + line.per_call_ms) + 16}
          textAnchor={at > size / 2 ? 'end' : 'start'}
        >
          average {average.toFixed(1)}
        </text>
      </g>
    </svg>
  );
}
