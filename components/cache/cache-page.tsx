'use client';

import { CloudOff } from 'lucide-react';
import { CacheCharts } from '#components/cache/cache-charts.tsx';
import { CacheTable } from '#components/cache/cache-table.tsx';
import { CacheTiles } from '#components/cache/cache-tiles.tsx';
import { redisOf } from '#components/cache/cache-words.ts';
import { Outcomes } from '#components/cache/outcomes.tsx';
import { PurgeDialog } from '#components/cache/purge-dialog.tsx';
import { RedisCard } from '#components/cache/redis-card.tsx';
import { SizeCard } from '#components/cache/size-card.tsx';
import { useLive } from '#components/live/live-context.ts';
import { PolledState } from '#components/live/polled-state.tsx';
import { RangeSelect } from '#components/live/range-select.tsx';
import { usePolled } from '#components/live/use-polled.ts';
import { Card } from '#components/ui/card.tsx';
import { cacheMetricsSchema } from '#lib/contracts/cache.ts';

/** What is kept, what that saves, whether it is the right size, and whether it can be trusted. */
export function CachePage() {
  const asked = usePolled('/api/metrics/cache', cacheMetricsSchema);
  const { cache } = useLive().snapshot;
  return (
    <div className="mx-auto flex max-w-[1800px] flex-col gap-2.5">
      <h1 className="sr-only">Cache</h1>
      {cache.enabled ? null : (
        <p className="rounded-card border bg-card px-4 py-2.5 text-muted">
          The cache is switched off: <code className="font-mono">cache.enabled</code> is false in the
          configuration, and every request goes to its upstream.
        </p>
      )}
      {cache.redis === 'away' ? <RedisAway /> : null}
      <PolledState asked={asked} what="The figures of the caches" />
      {asked.state === 'ready' ? <CacheTiles metrics={asked.data} /> : null}
      <RangeSelect className="sm:hidden" />
      <CacheCharts maxBytes={cache.max_bytes} />
      {asked.state === 'ready' ? (
        <>
          <Card
            title="Caches"
            note="since the start unless it says otherwise; embeddings count by input"
            aside={
              <span className="ml-auto">
                <PurgeDialog metrics={asked.data} onPurged={asked.reload} />
              </span>
            }
          >
            <CacheTable metrics={asked.data} />
          </Card>
          <div className="grid gap-2.5 lg:grid-cols-3">
            <Outcomes metrics={asked.data} />
            <SizeCard metrics={asked.data} onChanged={asked.reload} />
            <RedisCard redis={redisOf(asked.data)} />
          </div>
        </>
      ) : null}
    </div>
  );
}

function RedisAway() {
  return (
    <p
      role="status"
      className="flex items-center gap-2.5 rounded-card border border-half-open bg-card px-4 py-2.5"
      data-testid="redis-away"
    >
      <CloudOff size={15} aria-hidden className="shrink-0 text-half-open" />
      <span>
        <strong className="font-semibold text-half-open">Redis is away.</strong> The cache goes on in memory
        alone: no request fails or waits for it, only what memory does not have is asked of the upstreams. It
        connects again by itself.
      </span>
    </p>
  );
}
