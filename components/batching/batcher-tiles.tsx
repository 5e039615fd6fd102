'use client';

import { counted, formatCount, formatMs, percentFigure, splitMs, UNKNOWN } from '#components/ui/format.ts';
import { MetricTile } from '#components/ui/metric-tile.tsx';
import type { UpstreamBatcherView } from '#lib/contracts/batching.ts';

/** Six figures of one batcher, since the start unless they say otherwise. */
export function BatcherTiles({ batcher }: { batcher: UpstreamBatcherView }) {
  const { total_batches, limits, wait_ms } = batcher;
  const none = total_batches === 0;
  const wait = splitMs(wait_ms.p99);
  return (
    <div className="grid grid-cols-2 gap-2.5 sm:grid-cols-3 xl:grid-cols-6">
      <MetricTile
        label="Calls avoided"
        value={formatCount(batcher.upstream_calls_avoided)}
        unit={batcher.upstream_calls_avoided === 1 ? 'call' : 'calls'}
        note={`in all · ${counted(batcher.total_requests, 'request')} in ${formatCount(total_batches)}`}
      />
      <MetricTile
        label="Average size"
        value={none ? UNKNOWN : batcher.avg_batch_size.toFixed(1)}
        unit={`of ${limits.max_size}`}
        note={`in all · ${counted(batcher.total_items, 'item')}`}
      />
      <MetricTile
        label="Efficiency"
        value={none ? UNKNOWN : percentFigure(Math.min(1, batcher.efficiency_ratio))}
        unit={none ? '' : '%'}
        note="in all · average over largest"
      />
      <MetricTile
        label="Wait"
        value={wait.value}
        unit={wait.unit === '' ? '' : `${wait.unit} p99`}
        note={`in all · p50 ${formatMs(wait_ms.p50)}`}
      />
      <MetricTile
        label="Waiting"
        value={formatCount(batcher.pending_requests)}
        unit="requests"
        note={`now · ${counted(batcher.in_flight, 'batch', 'batches')} in flight`}
      />
      <MetricTile
        label="Duplicates"
        value={formatCount(batcher.duplicates_removed)}
        unit="items"
        note={`in all · ${counted(batcher.failed_batches, 'failed batch', 'failed batches')}`}
      />
    </div>
  );
}
