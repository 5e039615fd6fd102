/** `/api/score`: how good this set-up is, from live evidence only, and the built-in load test. */
import { z } from 'zod';

export const checkIds = [
  'connection_pooling',
  'breakers_protect',
  'breaker_drill',
  'dashboard',
  'response_time',
  'cache_throughput',
  'success_rate',
  'breaker_testing',
  'cache_hit_rate',
  'request_batching',
  'predictive_allocation',
] as const;

export const checkSchema = z.strictObject({
  id: z.enum(checkIds),
  title: z.string(),
  points: z.number(),
  of: z.number(),
  status: z.enum(['passed', 'partly', 'failed', 'not_measured', 'expired']),
  /** What was seen, in words. */
  evidence: z.string(),
  /** What it takes. */
  goal: z.string(),
  measured_at: z.iso.datetime().nullable(),
  /** Where the evidence is shown. */
  page: z.string(),
});

const figures = z.strictObject({
  /** Hits from memory, medians of the rounds. */
  hits_per_s: z.number(),
  hit_p50_ms: z.number(),
  hit_p99_ms: z.number(),
  /** Bare `node:http` with the same bytes, in the same rounds. */
  bare_per_s: z.number(),
  hits_over_bare: z.number(),
  /** A small call over a new connection each time, and over kept ones; medians, ms. */
  unpooled_ms: z.number(),
  pooled_ms: z.number(),
  /** The first over the second. */
  pooling_improvement: z.number(),
  failed: z.int(),
  /** Items in a batch over the largest allowed, of 256 concurrent callers; null without a model for embeddings. */
  batch_efficiency: z.number().nullable(),
});

export const loadTestSchema = z.strictObject({
  state: z.enum(['idle', 'running', 'finished', 'failed', 'stopped']),
  started_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  /** 0..1 */
  progress: z.number(),
  step: z.string().nullable(),
  message: z.string().nullable(),
  by: z.string().nullable(),
  figures: figures.nullable(),
});

export const scoreSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  score: z.number(),
  of: z.literal(100),
  checks: z.array(checkSchema),
  load_test: loadTestSchema,
});

export const loadTestRequestSchema = z.strictObject({
  /** Of each round; three rounds of two targets, and some seconds more. */
  round_s: z.number().min(1).max(10).default(2),
  reason: z.string().trim().max(500).optional(),
});

export type Score = z.output<typeof scoreSchema>;
export type ScoreCheck = z.output<typeof checkSchema>;
export type LoadTest = z.output<typeof loadTestSchema>;
export type LoadFigures = z.output<typeof figures>;
export type LoadTestRequest = z.output<typeof loadTestRequestSchema>;
