/** `GET` and `PATCH /api/batching`. */
import { z } from 'zod';

export const flushReasons = ['size', 'tokens', 'bytes', 'deadline', 'idle', 'shutdown', 'bisect'] as const;

const percentiles = z.strictObject({
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p99: z.number().nullable(),
});

const limitsSchema = z.strictObject({
  max_size: z.int(),
  max_wait_ms: z.int(),
  max_tokens: z.int(),
  max_bytes: z.int(),
});

/** Since the start unless it says otherwise. A request is one caller's part; its items are inputs or prompts. */
export const batcherSchema = z.strictObject({
  total_batches: z.int(),
  total_requests: z.int(),
  total_items: z.int(),
  /** Items in a batch, on average; 0 before the first. */
  avg_batch_size: z.number(),
  avg_wait_time_ms: z.number(),
  /** Requests that wait for their batch now. */
  pending_requests: z.int(),
  /** Average size over the largest allowed: mostly a measure of the load. */
  efficiency_ratio: z.number(),
  in_flight: z.int(),
  failed_batches: z.int(),
  /** Calls that would have been made one by one. */
  upstream_calls_avoided: z.int(),
  /** Items that were on their way already when somebody asked for them. */
  duplicates_removed: z.int(),
  wait_ms: percentiles,
  run_ms: percentiles,
  flush_reasons: z.record(z.enum(flushReasons), z.int()),
  /** How many batches had how many items; larger ones than 256 are counted as 256. */
  sizes: z.array(z.strictObject({ size: z.int(), batches: z.int() })),
  /** Of tokens before they are counted: mean of |estimate - count| / count; null before any. */
  token_estimate_error: z.number().nullable(),
});

export const upstreamBatcherSchema = z.strictObject({
  ...batcherSchema.shape,
  limits: limitsSchema,
  /** Duration of a call by its size, fitted: per_item_ms · n + per_call_ms; null until sizes have differed. */
  cost_line: z.strictObject({ per_item_ms: z.number(), per_call_ms: z.number(), calls: z.int() }).nullable(),
  /** By the line, a full batch takes at least a tenth less than as many calls. Presumed until it is known. */
  batching_pays: z.boolean(),
  /** Batches that the upstream takes well at a time, as learned. */
  concurrency: z.int(),
  arrivals_per_s: z.number(),
  /** Upstream time per item that full batches would save; null until it is known. */
  regret_ms_per_item: z.number().nullable(),
});

/** Chats and prompts released by model, at upstreams whose models push each other out. */
export const releaseGroupsSchema = z.strictObject({
  groups: z.int(),
  requests: z.int(),
  /** Of them, those that waited for their model's turn, and how long on average. */
  waited: z.int(),
  avg_wait_ms: z.number(),
  pending: z.int(),
  /** Answers whose model had to be loaded first. */
  loads: z.int(),
  is_swapping: z.boolean(),
  model: z.string().nullable(),
});

export const batchingSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  llm_batcher: batcherSchema,
  embedding_batcher: batcherSchema,
  upstreams: z.array(
    z.strictObject({
      name: z.string(),
      llm: upstreamBatcherSchema,
      embedding: upstreamBatcherSchema,
      /** Null for an upstream that does not tell of its loads. */
      release_groups: releaseGroupsSchema.nullable(),
    }),
  ),
});

export const batchingPatchSchema = z
  .strictObject({
    kind: z.enum(['llm', 'embedding']),
    /** All upstreams without it. */
    upstream: z.string().min(1).max(200).optional(),
    max_size: z.int().min(1).max(2_048).optional(),
    max_wait_ms: z.int().min(0).max(10_000).optional(),
    max_tokens: z.int().min(1).max(10_000_000).optional(),
    max_bytes: z.int().min(1_024).max(1_073_741_824).optional(),
    reason: z.string().max(500).optional(),
  })
  .refine(
    ({ max_size, max_wait_ms, max_tokens, max_bytes }) =>
      [max_size, max_wait_ms, max_tokens, max_bytes].some((each) => each !== undefined),
    { path: ['max_size'], error: 'must be given, or max_wait_ms, max_tokens or max_bytes' },
  );

export type BatcherView = z.output<typeof batcherSchema>;
export type UpstreamBatcherView = z.output<typeof upstreamBatcherSchema>;
export type ReleaseGroupsView = z.output<typeof releaseGroupsSchema>;
export type Batching = z.output<typeof batchingSchema>;
export type BatchingPatch = z.output<typeof batchingPatchSchema>;
export type BatchKind = BatchingPatch['kind'];
export type BatchLimitsPatch = Partial<
  Pick<BatchingPatch, 'max_size' | 'max_wait_ms' | 'max_tokens' | 'max_bytes'>
>;
