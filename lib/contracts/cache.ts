/** `GET /api/metrics/cache`, purging, and the budget of the memory tier. */
import { z } from 'zod';

/** Seconds; null is since the start. */
export const CACHE_WINDOWS_S = [10, 100, 1_000, null] as const;

/** Sizes that are simulated, as multiples of the present budget. */
export const GHOST_FACTORS = [0.5, 1, 2, 4] as const;

const ratio = z.number().min(0).max(1).nullable();

/** Looks into a cache by how they ended. Embeddings count by input, everything else by request. */
export const cacheOutcomesSchema = z.strictObject({
  hit_memory: z.int(),
  hit_redis: z.int(),
  /** Too old, and served because the upstream failed or somebody was already fetching it anew. */
  stale: z.int(),
  /** Waited for another one's call. */
  coalesced: z.int(),
  miss: z.int(),
  /** Past the cache: by its rule, or by the client's wish. */
  bypass: z.int(),
});

export const cacheWindowSchema = z.strictObject({
  window_s: z.int().nullable(),
  outcomes: cacheOutcomesSchema,
  /** Answered without a call of its own, among all but those that bypass; null without any. */
  hit_ratio: ratio,
  /** Bytes that came from what is kept, among these and those that came from upstreams. */
  byte_hit_ratio: ratio,
});

const savedSchema = z.strictObject({
  calls: z.int(),
  /** What the upstream took for the answers that were served again. */
  ms: z.number(),
  tokens_in: z.int(),
  tokens_out: z.int(),
  /** By the configured prices; null without any. */
  money: z.number().nullable(),
  currency: z.string().nullable(),
});

/** All since the start unless it says otherwise. */
export const cacheViewSchema = z.strictObject({
  /** Entries in memory now. */
  size: z.int(),
  bytes: z.int(),
  hits: z.int(),
  misses: z.int(),
  /** `63.20%`. */
  hit_rate: z.string(),
  ttl_seconds: z.int(),
  windows: z.array(cacheWindowSchema),
  /** Entries that left memory, by cause. */
  evictions: z.strictObject({ size: z.int(), ttl: z.int(), purge: z.int() }),
  saved: savedSchema,
  /** Made anew before they were too old, or after an outage. */
  refreshes: z.int(),
  /** Hits that the upstream was asked again, and those that it would have answered otherwise. */
  shadow_checks: z.strictObject({ checks: z.int(), wrong_hits: z.int(), wrong_hit_rate: ratio }),
});

export const redisMetricsSchema = z.union([
  z.strictObject({
    status: z.literal('connected'),
    keyspace_hits: z.int(),
    keyspace_misses: z.int(),
    hit_rate: z.string(),
    evicted_keys: z.int(),
    /** Bytes; `maxmemory` is 0 without a limit. */
    used_memory: z.int(),
    maxmemory: z.int(),
    version: z.string(),
    mode: z.string(),
    /** Why writes rest while reads go on. */
    writes_refused: z.enum(['full', 'read-only', 'disk', 'replicas']).nullable(),
  }),
  z.strictObject({ status: z.literal('unavailable'), reason: z.enum(['not_configured', 'away']) }),
]);

/** What other sizes would have made of the recent past. */
export const ghostsSchema = z.strictObject({
  at: z.iso.datetime(),
  /** Looks that were replayed, out of how many there were: a sample by key. */
  looks: z.int(),
  sampled_from: z.int(),
  window_s: z.number(),
  sizes: z.array(
    z.strictObject({
      factor: z.number(),
      memory_mb: z.number(),
      hit_ratio: z.number(),
      /** Belady's: who knows the future drops what is needed last. No cache of that size does better. */
      optimal_hit_ratio: z.number(),
    }),
  ),
  /** Without any limit of size: what is left are first looks, and what was too old. */
  unlimited_hit_ratio: z.number(),
  recommended_mb: z.number(),
  recommendation: z.string(),
});

export const cacheMetricsSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  enabled: z.boolean(),
  /** By name: `<upstream>_responses`, `<upstream>_embeddings`; and `redis`. */
  caches: z.record(z.string(), z.union([cacheViewSchema, redisMetricsSchema])),
  overall: z.strictObject({
    total_hits: z.int(),
    total_misses: z.int(),
    overall_hit_rate: z.string(),
    /** Percent of the upstreams' time that was saved: saved / (saved + spent on misses); null before any. */
    efficiency_score: z.number().nullable(),
    windows: z.array(cacheWindowSchema),
    saved: z.array(savedSchema),
    /** Requests that waited for another one's call. */
    stampedes_prevented: z.int(),
  }),
  memory: z.strictObject({
    entries: z.int(),
    bytes: z.int(),
    max_bytes: z.int(),
    /** Of answers kept ready for repeats, beside the entries. */
    rendered_bytes: z.int(),
  }),
  /** Null until there was enough to replay. */
  ghosts: ghostsSchema.nullable(),
});

export const purgeRequestSchema = z
  .strictObject({
    cache: z.string().min(1).max(200).optional(),
    model: z.string().min(1).max(256).optional(),
    all: z.boolean().optional(),
    reason: z.string().max(500).optional(),
  })
  .refine(({ cache, model, all }) => cache !== undefined || model !== undefined || all === true, {
    path: ['all'],
    error: 'must be true unless cache or model is given',
  })
  .refine(({ cache, model, all }) => all !== true || (cache === undefined && model === undefined), {
    path: ['all'],
    error: 'must not be given beside cache or model',
  });

export const purgeResultSchema = z.strictObject({
  /** Entries that are gone, each counted once whichever tiers had it. */
  purged: z.int(),
});

export const cacheSettingsPatchSchema = z.strictObject({
  memory_mb: z.int().min(1).max(1_048_576),
  reason: z.string().max(500).optional(),
});

/** The part of a snapshot. */
export const cacheSnapshotSchema = z.strictObject({
  enabled: z.boolean(),
  entries: z.int(),
  bytes: z.int(),
  max_bytes: z.int(),
  /** The last 100 seconds. */
  recent: cacheWindowSchema,
  saved_calls: z.int(),
  redis: z.enum(['not_configured', 'connected', 'away']),
});

export type CacheOutcomes = z.output<typeof cacheOutcomesSchema>;
export type CacheWindow = z.output<typeof cacheWindowSchema>;
export type CacheView = z.output<typeof cacheViewSchema>;
export type CacheMetrics = z.output<typeof cacheMetricsSchema>;
export type CacheSnapshot = z.output<typeof cacheSnapshotSchema>;
export type RedisMetrics = z.output<typeof redisMetricsSchema>;
export type Ghosts = z.output<typeof ghostsSchema>;
export type PurgeRequest = z.output<typeof purgeRequestSchema>;
