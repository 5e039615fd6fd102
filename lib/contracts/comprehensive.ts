/** `GET /api/metrics/comprehensive`: all parts in one answer. What has not been measured is null. */
import { z } from 'zod';
import { predictionsSchema } from '#lib/contracts/predictions.ts';

const batcherSchema = z.strictObject({
  total_batches: z.int(),
  total_requests: z.int(),
  avg_batch_size: z.number().nullable(),
  avg_wait_time_ms: z.number().nullable(),
  pending_requests: z.int(),
  efficiency_ratio: z.number().nullable(),
});

export const comprehensiveSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  architecture_score: z.number().nullable(),
  components: z.strictObject({
    connection_pooling: z.strictObject({
      status: z.enum(['active', 'inactive']),
      /** Pooled over unpooled; null until it was measured. */
      improvement: z.number().nullable(),
      pools: z.array(
        z.strictObject({ upstream: z.string(), connections: z.int(), in_flight: z.int(), queued: z.int() }),
      ),
    }),
    circuit_breakers: z.strictObject({
      status: z.enum(['active', 'inactive']),
      protected_functions: z.int(),
      total_files: z.int(),
      test_endpoint: z.string(),
    }),
    cache_monitoring: z.strictObject({
      status: z.enum(['active', 'inactive']),
      hit_ratio: z.number().nullable(),
      total_hits: z.int(),
      total_misses: z.int(),
      redis: z.enum(['not_configured', 'connected', 'away']),
    }),
    request_batching: z.strictObject({ llm_batcher: batcherSchema, embedding_batcher: batcherSchema }),
    predictive_allocation: z.strictObject({
      status: predictionsSchema.shape.optimization_status,
      mode: predictionsSchema.shape.mode,
      history_size: predictionsSchema.shape.history_size,
      predictions: predictionsSchema.shape.predictions,
      current_allocations: predictionsSchema.shape.current_allocations,
      skill: predictionsSchema.shape.skill,
      coverage: predictionsSchema.shape.coverage,
    }),
  }),
  /** Of the last 15 minutes. */
  performance: z.strictObject({
    response_time_ms: z.number().nullable(),
    throughput_rps: z.number().nullable(),
    success_rate: z.number().nullable(),
  }),
});

export type Comprehensive = z.output<typeof comprehensiveSchema>;
