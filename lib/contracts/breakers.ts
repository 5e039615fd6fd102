/** What the control plane takes and shows of circuit breakers. */
import { z } from 'zod';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';

export const breakerStateSchema = z.enum(['closed', 'open', 'half_open']);
export const holdModeSchema = z.enum(['open', 'closed', 'metrics_only']);

const reason = z.string().trim().min(1).max(500).optional();
const duration_s = z.number().gt(0).max(604_800).optional();

/** `POST /api/breakers/{name}/trip`. */
export const tripRequestSchema = z.strictObject({ reason, duration_s });
/** `POST /api/breakers/{name}/hold`. */
export const holdRequestSchema = z.strictObject({ mode: holdModeSchema, reason, duration_s });
/** `POST /api/breakers/{name}/reset`, `DELETE /api/breakers/{name}/hold`. */
export const reasonRequestSchema = z.strictObject({ reason });
/** `PATCH /api/breakers/{name}/settings`: any of the settings. Defaults must not fill in what was left out. */
export const settingsPatchSchema = z.strictObject({
  ...Object.fromEntries(
    Object.entries(breakerSettingsSchema.shape).map(([key, schema]) => [key, schema.unwrap().optional()]),
  ),
  reason,
});

export const holdSchema = z.strictObject({
  mode: holdModeSchema,
  reason: z.string().nullable(),
  by: z.string(),
  since: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
});

/** Why a state changed: the counts, rates and thresholds at that moment. */
export const transitionSchema = z.strictObject({
  at: z.iso.datetime(),
  component: z.string(),
  /** What changed it: `failure_rate`, `slow_rate`, `probe_failed`, `probes_succeeded`, `open_elapsed`, `trip`, … */
  cause: z.string(),
  from: breakerStateSchema,
  to: breakerStateSchema,
  by: z.string().nullable(),
  reason: z.string().nullable(),
  generation: z.int(),
  evidence: z.strictObject({
    calls: z.int(),
    failures: z.int(),
    slow: z.int(),
    failure_rate: z.number().nullable(),
    slow_rate: z.number().nullable(),
    settings: breakerSettingsSchema,
    /** The last few distinct errors, newest first. */
    errors: z.array(z.strictObject({ kind: z.string(), message: z.string(), count: z.int() })),
  }),
});

export const breakerSchema = z.strictObject({
  name: z.string(),
  /** What callers meet: the hold's, if there is one. */
  state: breakerStateSchema,
  /** What the traffic alone would have made of it. */
  computed_state: breakerStateSchema,
  hold: holdSchema.nullable(),
  since: z.iso.datetime(),
  /** When an open breaker probes next. */
  retry_at: z.iso.datetime().nullable(),
  settings: breakerSettingsSchema,
  window: z.strictObject({
    calls: z.int(),
    failures: z.int(),
    slow: z.int(),
    timeouts: z.int(),
    rejected: z.int(),
    failure_rate: z.number().nullable(),
    slow_rate: z.number().nullable(),
  }),
  latency_ms: z.strictObject({
    p50: z.number().nullable(),
    p90: z.number().nullable(),
    p99: z.number().nullable(),
  }),
  rate_per_s: z.number(),
  last_transition: transitionSchema.nullable(),
  /** How and when traffic opened it; stays through failed probes, null while it is closed. */
  opening: transitionSchema.nullable(),
});

export const breakerListSchema = z.strictObject({ breakers: z.array(breakerSchema) });
export const transitionListSchema = z.strictObject({ transitions: z.array(transitionSchema) });

/** `GET /api/test/circuit-breaker/status`: by component. */
export const testStatusSchema = z.record(
  z.string(),
  z.strictObject({
    state: breakerStateSchema,
    failure_count: z.int(),
    success_count: z.int(),
    last_failure_time: z.iso.datetime().nullable(),
  }),
);

/** `POST /api/test/circuit-breaker/trigger-failure/{component}`. */
export const triggerResultSchema = z.strictObject({
  component: z.string(),
  final_state: breakerStateSchema,
  failure_count: z.int(),
  test_results: z.array(
    z.strictObject({
      attempt: z.int(),
      status: z.enum(['success', 'failed']),
      state: breakerStateSchema,
      error: z.string().optional(),
    }),
  ),
});

/** `POST /api/test/circuit-breaker/reset/{component}`. */
export const testResetSchema = z.strictObject({ status: z.literal('reset'), component: z.string() });

export type HoldMode = z.output<typeof holdModeSchema>;
export type BreakerView = z.output<typeof breakerSchema>;
export type Transition = z.output<typeof transitionSchema>;
export type TestStatus = z.output<typeof testStatusSchema>;
export type TriggerResult = z.output<typeof triggerResultSchema>;
