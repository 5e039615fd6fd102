/** `/api/predictions`: what is expected, what is done about it, and how good that has been. */
import { z } from 'zod';

export const modes = ['shadow', 'advise', 'act'] as const;
export const actuators = ['connections', 'workers', 'cache', 'replicas', 'warmth'] as const;
export const metrics = ['requests', 'demand', 'response_ms'] as const;
export const methods = ['ours', 'last_value', 'seasonal_naive', 'same_hour_weekday', 'holt_winters'] as const;

const modeSchema = z.enum(modes);
const seriesName = z.string().min(1).max(600);

const limitsSchema = z.strictObject({
  workers: z.int(),
  connections: z.int(),
  cache_size_mb: z.number(),
});

const scoreSchema = z.strictObject({
  origins: z.int(),
  mae: z.number().nullable(),
  pinball_90: z.number().nullable(),
  coverage_90: z.number().nullable(),
});

/** Over the last forecasts of one step ahead, at most 500. */
const standingSchema = z.strictObject({
  methods: z.record(z.enum(methods), scoreSchema),
  /** 1 - pinball over that of the last value: 1 is perfect, 0 is as good; null before it is known. */
  skill: z.number().nullable(),
  /** Share of what came that the 90 % band held. */
  coverage: z.number().nullable(),
  origins: z.int(),
});

const targetSchema = z.strictObject({
  actuator: z.enum(actuators),
  /** An upstream, `<upstream>/<model>`, or `memory`. */
  target: z.string(),
  /** What it does: in the mode `act` only what has earned it acts. */
  mode: modeSchema,
  /** Why it does not act, if it were to. */
  refusal: z.string().nullable(),
  configured: z.number().nullable(),
  /** What is in force now. */
  applied: z.number().nullable(),
  recommended: z.number(),
  /** What was in flight or waited just now. */
  reactive: z.number(),
  /** The quantile of the forecast; null without one. */
  forecast: z.number().nullable(),
  /** Calls at a time that its latency allows, as learned; null where that is not learned. */
  latency_limit: z.int().nullable(),
  skill: z.number().nullable(),
  coverage: z.number().nullable(),
});

const costSchema = z.strictObject({
  cold_starts: z.int(),
  idle_warm_minutes: z.number(),
  /** Idle minutes, and for each cold start what it is worth. */
  cost_minutes: z.number(),
});

const warmthModelSchema = z.strictObject({
  upstream: z.string(),
  model: z.string(),
  /** In memory as of the last look; null when that could not be seen. */
  loaded: z.boolean().nullable(),
  /** Why it should be in memory; null when it should not. */
  wanted: z.enum(['keep_alive', 'forecast']).nullable(),
  /** Learned keep-alive. */
  keep_alive_s: z.number(),
  /** Idle seconds that a cold start is worth. */
  lambda_s: z.number(),
  load_s: z.number().nullable(),
  /** Gaps between uses that were learned from. */
  gaps: z.int(),
  idle_from: z.iso.datetime().nullable(),
});

const ledgerEntrySchema = z.strictObject({
  id: z.int(),
  upstream: z.string(),
  model: z.string(),
  reason: z.enum(['keep_alive', 'forecast']),
  at: z.iso.datetime(),
  outcome: z.enum(['pending', 'used', 'wasted', 'failed']),
  ended_at: z.iso.datetime().nullable(),
  /** Whether the server's own keep-alive would have let the use begin cold; null until it was used. */
  would_have_been_cold: z.boolean().nullable(),
});

const warmthSchema = z.strictObject({
  mode: modeSchema,
  refusal: z.string().nullable(),
  /** As measured since the start: calls that waited for a load, and minutes that models were in memory unused. */
  measured: z.strictObject({ cold_starts: z.int(), idle_warm_minutes: z.number() }),
  /** Over the same gaps between uses: under the learned policy, and under the servers' own keep-alive. */
  compared: z.strictObject({ gaps: z.int(), learned: costSchema, server: costSchema }),
  server_keep_alive_s: z.number(),
  preloads: z.strictObject({ pending: z.int(), used: z.int(), wasted: z.int(), failed: z.int() }),
  unloads: z.int(),
  models: z.array(warmthModelSchema),
  /** Preloads, newest first. */
  ledger: z.array(ledgerEntrySchema),
});

export const predictionsSchema = z.strictObject({
  timestamp: z.iso.datetime(),
  mode: modeSchema,
  modes: z.partialRecord(z.enum(actuators), modeSchema),
  /** `learning` until forecasts have bands that mean something. */
  state: z.enum(['learning', 'ready']),
  /** Why it is still learning, in words. */
  learning: z.string().nullable(),
  /** `active` while something is sized by a forecast. */
  optimization_status: z.enum(['active', 'inactive']),
  predictions: z.strictObject({
    /** Of the next step, per minute; null before it is known. */
    expected_rpm: z.number().nullable(),
    /** Calls in flight at a time. */
    expected_connections: z.number().nullable(),
    /** Milliseconds. */
    expected_response_time: z.number().nullable(),
    /** Share of what came that the band held, of requests; 0 while no better than the last value. */
    confidence: z.number().nullable(),
    /** Of requests, over the horizon. */
    trend: z.enum(['rising', 'falling', 'steady', 'unknown']),
  }),
  horizon_s: z.number(),
  current_allocations: limitsSchema,
  resource_limits: limitsSchema,
  /** Stretches of time of which usage is recorded. */
  history_size: z.int(),
  collected_every_s: z.number(),
  step_s: z.number(),
  season_s: z.number(),
  timezone: z.string(),
  quantile: z.number(),
  cold_start_worth: z.number(),
  skill: z.number().nullable(),
  coverage: z.number().nullable(),
  targets: z.array(targetSchema),
  replicas: z.strictObject({
    mode: modeSchema,
    refusal: z.string().nullable(),
    recommended: z.int().nullable(),
    cpu_ms_per_request: z.number().nullable(),
  }),
  warmth: warmthSchema,
  series: z.array(z.string()),
});

export const predictionsPatchSchema = z
  .strictObject({
    mode: modeSchema.optional(),
    /** Of one actuator alone; without it `mode` is for all. */
    actuator: z.enum(actuators).optional(),
    limits: z
      .strictObject({
        connections: z.int().min(1).max(10_000).optional(),
        workers: z.int().min(1).max(10_000).optional(),
        cache_mb: z.int().min(1).max(1_048_576).optional(),
      })
      .optional(),
    cold_start_worth: z.number().gt(0).max(100_000).optional(),
    reason: z.string().trim().max(500).optional(),
  })
  .refine((patch) => patch.actuator === undefined || patch.mode !== undefined, {
    path: ['mode'],
    message: 'is required with actuator',
  })
  .refine(({ mode, limits, cold_start_worth }) => (mode ?? limits ?? cold_start_worth) !== undefined, {
    path: ['mode'],
    message: 'or limits or cold_start_worth is required',
  });

export const importRequestSchema = z
  .strictObject({
    /** A header with `timestamp`, a column of requests, and maybe `demand`, `response_ms` and `missing`. */
    csv: z.string().min(1).max(16_000_000),
    column: z.string().min(1).max(100).default('requests'),
    /** Whose usage it is; all of the gateway's without it. */
    upstream: z.string().min(1).max(100).optional(),
    model: z.string().min(1).max(256).optional(),
    /** `recent` moves it by whole weeks, so that it ends within the last one. */
    align: z.enum(['as_is', 'recent']).default('as_is'),
    reason: z.string().trim().max(500).optional(),
  })
  .refine(({ model, upstream }) => model === undefined || upstream !== undefined, {
    path: ['upstream'],
    message: 'is required with model',
  });

export const importResultSchema = z.strictObject({
  /** Lines with a value. */
  rows: z.int(),
  /** Those of a time of which nothing was known. */
  imported: z.int(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  history_size: z.int(),
});

const aheadSchema = z.strictObject({
  at: z.iso.datetime(),
  point: z.number(),
  lower: z.number(),
  upper: z.number(),
  /** What is provided for. */
  quantile: z.number(),
});

export const seriesQuerySchema = z.strictObject({
  series: seriesName.default('*'),
  metric: z.enum(metrics).default('requests'),
  /** Steps of the past, newest last. */
  steps: z.coerce.number().int().min(1).max(2_016).default(288),
});

export const predictionSeriesSchema = z.strictObject({
  series: z.string(),
  metric: z.enum(metrics),
  step_s: z.number(),
  season_s: z.number(),
  /** What came, and what had been forecast for it a step before. */
  past: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      actual: z.number().nullable(),
      point: z.number().nullable(),
      lower: z.number().nullable(),
      upper: z.number().nullable(),
    }),
  ),
  ahead: z.array(aheadSchema),
  standing: standingSchema,
  observed: z.int(),
});

export const allocationWhatIfRequestSchema = z.strictObject({
  series: seriesName,
  metric: z.enum(metrics).default('demand'),
  quantile: z.number().min(0.5).max(0.999),
  lead_steps: z.int().min(1).max(12).default(1),
  load: z.number().min(0.1).max(100).default(1),
});

const replayedSchema = z.strictObject({
  steps: z.int(),
  resource_minutes: z.number(),
  /** Of always providing the peak. */
  static_minutes: z.number(),
  under_provisioned_share: z.number().nullable(),
});

/** The later half of what is recorded, provided for as asked, and as it is now. */
export const allocationWhatIfSchema = z.strictObject({ draft: replayedSchema, current: replayedSchema });

export const frontierSchema = z.strictObject({
  gaps: z.int(),
  /** That the present setting comes to, for the usual load time. */
  lambda_s: z.number(),
  fixed: z.array(
    z.strictObject({ keep_alive_s: z.number(), cold_starts: z.int(), idle_warm_minutes: z.number() }),
  ),
  learned: z.array(
    z.strictObject({
      lambda_s: z.number(),
      /** What `cold_start_worth` would have to be. */
      cold_start_worth: z.number(),
      cold_starts: z.int(),
      idle_warm_minutes: z.number(),
      /** Of the fixed keep-alive that costs as many minutes. */
      fixed_cold_starts_at_budget: z.int(),
    }),
  ),
});

export type Predictions = z.output<typeof predictionsSchema>;
export type PredictionSeries = z.output<typeof predictionSeriesSchema>;
export type AllocationTarget = z.output<typeof targetSchema>;
export type Warmth = z.output<typeof warmthSchema>;
export type Frontier = z.output<typeof frontierSchema>;
export type AllocationWhatIf = z.output<typeof allocationWhatIfSchema>;
export type PredictionsPatch = z.output<typeof predictionsPatchSchema>;
export type ImportResult = z.output<typeof importResultSchema>;
export type Actuator = (typeof actuators)[number];
export type Metric = (typeof metrics)[number];
export type AllocationMode = (typeof modes)[number];
