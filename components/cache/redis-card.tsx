'use client';

import { formatBytes } from '#components/cache/cache-words.ts';
import { Card } from '#components/ui/card.tsx';
import { formatCount } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { RedisMetrics } from '#lib/contracts/cache.ts';

const TROUBLE = {
  full: 'It is full and evicts nothing: writes rest, reads go on.',
  'read-only': 'It is a replica: writes rest, reads go on.',
  disk: 'It cannot save to its disk: writes rest, reads go on.',
  replicas: 'It has too few replicas: writes rest, reads go on.',
} as const;

/** What Redis says of itself. */
export function RedisCard({ redis }: { redis: RedisMetrics }) {
  return (
    <Card title="Redis" note="shared with other replicas; its own figures">
      <div className="border-t">
        {redis.status === 'connected' ? (
          <>
            {redis.writes_refused === null ? null : (
              <p className="px-4 pt-2.5 text-half-open">{TROUBLE[redis.writes_refused]}</p>
            )}
            <dl className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 px-4 py-2.5">
              <Line name="Hit rate, since its start" value={redis.hit_rate.replace('%', '\u202f%')} />
              <Line
                name="Hits · misses"
                value={`${formatCount(redis.keyspace_hits)} · ${formatCount(redis.keyspace_misses)}`}
              />
              <Line
                name="Memory"
                value={`${formatBytes(redis.used_memory)}${redis.maxmemory === 0 ? ', no limit' : ` of ${formatBytes(redis.maxmemory)}`}`}
              />
              <Line name="Evicted keys" value={formatCount(redis.evicted_keys)} />
              <Line name="Version, mode" value={`${redis.version}, ${redis.mode}`} />
            </dl>
          </>
        ) : redis.reason === 'away' ? (
          <StateNote kind="error" title="Not available: Redis is away">
            its breaker is the component <code className="font-mono">redis</code>
          </StateNote>
        ) : (
          <StateNote kind="empty" title="Not available: no Redis is configured">
            with <code className="font-mono">redis.url</code> what is kept survives restarts and is shared
          </StateNote>
        )}
      </div>
    </Card>
  );
}

function Line({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="text-right">{value}</dd>
    </>
  );
}
