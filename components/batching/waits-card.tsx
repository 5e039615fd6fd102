import { Card } from '#components/ui/card.tsx';
import { formatMs, formatPerSecond, formatRate } from '#components/ui/format.ts';
import type { UpstreamBatcherView } from '#lib/contracts/batching.ts';

/** How long requests wait for their batch, and batches for their answer. */
export function WaitsCard({ batcher }: { batcher: UpstreamBatcherView }) {
  const { wait_ms, run_ms, limits, arrivals_per_s, concurrency, token_estimate_error } = batcher;
  return (
    <Card title="Waits" note="since the start">
      <table className="w-full border-t" aria-label="Waits and durations">
        <thead>
          <tr className="text-right text-muted [&>th]:px-4 [&>th]:py-1.5 [&>th]:font-normal">
            <th className="text-left">
              <span className="sr-only">What</span>
            </th>
            <th>p50</th>
            <th>p90</th>
            <th>p99</th>
          </tr>
        </thead>
        <tbody className="text-right [&_td]:px-4 [&_td]:py-1">
          <Row name={`requests, at most ${formatMs(limits.max_wait_ms)}`} of={wait_ms} />
          <Row name="calls, until their answer" of={run_ms} />
        </tbody>
      </table>
      <dl className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 border-t px-4 py-2.5">
        <dt className="text-muted">Items that come, within one wait</dt>
        <dd className="text-right">{formatPerSecond(arrivals_per_s)}/s</dd>
        <dt className="text-muted">Batches that it takes well at a time</dt>
        <dd className="text-right">{concurrency}</dd>
        <dt className="text-muted">Error of the token estimate</dt>
        <dd className="text-right">{formatRate(token_estimate_error)}</dd>
      </dl>
    </Card>
  );
}

function Row({ name, of: { p50, p90, p99 } }: { name: string; of: UpstreamBatcherView['wait_ms'] }) {
  return (
    <tr>
      <td className="text-left text-muted">{name}</td>
      <td>{formatMs(p50)}</td>
      <td>{formatMs(p90)}</td>
      <td>{formatMs(p99)}</td>
    </tr>
  );
}
