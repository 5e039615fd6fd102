/** What operators and scripts ask of the caches, and do to them. */
import { type CacheMetrics, cacheSettingsPatchSchema, purgeRequestSchema } from '#lib/contracts/cache.ts';
import type { Call } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';

export const metrics = ({ runtime }: Call): Promise<CacheMetrics> => runtime.cacheMetrics();

export async function purge(call: Call): Promise<{ purged: number }> {
  const { runtime, by } = call;
  const { cache, model, all, reason } = await call.body(purgeRequestSchema);
  const known = runtime.cache.names();
  if (cache !== undefined && !known.includes(cache)) {
    throw new SwitchgearError(
      'not_found',
      `Unknown cache '${cache.slice(0, 100)}'; known are ${known.join(', ')}`,
      { details: { known } },
    );
  }
  const purged = await runtime.cache.purge({ cache, model });
  runtime.audit({ action: 'operator_purge', by, reason, after: { cache, model, all, purged } });
  return { purged };
}

/** Until the configuration says otherwise. */
export async function updateSettings(call: Call): Promise<CacheMetrics> {
  const { runtime, by } = call;
  const { memory_mb, reason } = await call.body(cacheSettingsPatchSchema);
  const before = { memory_mb: runtime.cache.memory.maxBytes / BYTES_PER_MB };
  runtime.setCacheMemory(memory_mb);
  runtime.audit({ action: 'operator_cache_size', by, reason, before, after: { memory_mb } });
  return runtime.cacheMetrics();
}

const BYTES_PER_MB = 1024 * 1024;
