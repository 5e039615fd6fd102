/** What the control plane takes and shows of circuit breakers. */
import { z } from 'zod';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';

export const breakerStateSchema = z.enum(['closed', 'open', 'half_open']);
export const holdModeSchema = z.enum(['open', 'closed', 'metrics_only']);

const reason = z.string().trim().min(1).max(500).optional();
const duration_s = z.number().gt(0).max(604_800).optional();

/** `POST /api/breakers/{name}/trip`. */
export const tripRequestSchema = z.strictObject({ reason, duration_s });
/** `POST /api/breakers/{name}/hold`. */
export const holdRequestSchema = z.strictObject({ mode: holdModeSchema, reason, duration_s });
/** `DELETE /api/breakers/{name}/hold`: the hold of that id, the one in force without it. */
export const liftRequestSchema = z.strictObject({ reason, id: z.string().min(1).max(64).optional() });
/** `POST /api/breakers/{name}/reset` and `/probe`, `DELETE /api/breakers/{name}/settings`. */
export const reasonRequestSchema = z.strictObject({ reason });

type SomeSettings = { [K in keyof BreakerSettings]: z.ZodOptional<z.ZodType<BreakerSettings[K]>> };
const someSettings = Object.entries(breakerSettingsSchema.shape).map(([key, schema]) => [
  key,
  schema.unwrap().optional(),
]);
/** Any of the settings. Defaults must not fill in what was left out. */
export const settingsOverridesSchema = z.strictObject(
  // `fromEntries` forgets which key has which schema.
  Object.fromEntries(someSettings) as SomeSettings,
);
/** `PATCH /api/breakers/{name}/settings`. */
export const settingsPatchSchema = settingsOverridesSchema.extend({ reason });
/** `POST /api/breakers/{name}/what-if`: what to change in the present settings. */
export const whatIfRequestSchema = settingsOverridesSchema;

export const holdSchema = z.strictObject({
  id: z.string(),
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
  /** The hold in force: the newest. */
  hold: holdSchema.nullable(),
  /** All holds, the one in force first. One that is lifted or expires leaves the next in force. */
  holds: z.array(holdSchema),
  since: z.iso.datetime(),
  /** When an open breaker probes next. */
  retry_at: z.iso.datetime().nullable(),
  settings: breakerSettingsSchema,
  /** Those of the settings that an operator has changed; the others are as configured. */
  overrides: settingsOverridesSchema,
  /** While it lets callers in again by and by: calls in flight, and how many there may be. */
  ramp: z.strictObject({ in_flight: z.int(), limit: z.int() }).nullable(),
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

/** Calls in the window before a rate counts: a window of calls is full at its length. */
export function minimumCalls({ window_kind, window_calls, minimum_calls }: BreakerSettings): number {
  return window_kind === 'count' ? Math.min(minimum_calls, window_calls) : minimum_calls;
}

/** The functions that make outbound calls, each under leave of a breaker; counted where they are defined. */
export const coverageSchema = z.strictObject({
  protected_functions: z.int(),
  total_files: z.int(),
  functions: z.array(z.strictObject({ name: z.string(), file: z.string(), calls: z.int() })),
});

/** `GET /api/breakers`: all of them in the order of the configuration, unless it says otherwise. */
export const breakerQuerySchema = z.strictObject({
  /** `held`: whatever its state, by an operator. */
  state: z.enum([...breakerStateSchema.options, 'held']).optional(),
  /** Those of one upstream. */
  upstream: z.string().max(200).optional(),
  /** A part of the component's name. */
  name: z.string().trim().toLowerCase().max(200).optional(),
  order: z.enum(['configured', 'worst']).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  /** Of those that match, so many are passed over. */
  offset: z.coerce.number().int().min(0).max(1_000_000).optional(),
});

export const breakerListSchema = z.strictObject({
  breakers: z.array(breakerSchema),
  /** Those that match, shown or not. */
  total: z.int(),
  coverage: coverageSchema,
});

const replaySchema = z.strictObject({
  settings: breakerSettingsSchema,
  /** Times it would have opened, oldest first; the newest of them when there are very many. */
  trips: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      /** When it would have closed again; null if it would still not have. */
      until: z.iso.datetime().nullable(),
      cause: z.string(),
      calls: z.int(),
      failure_rate: z.number().nullable(),
      slow_rate: z.number().nullable(),
    }),
  ),
  trip_count: z.int(),
  /** Seconds that it would not have been closed. */
  open_s: z.number(),
  /** Calls it would have refused that failed or were slow, and calls it would have refused that went well. */
  calls_saved: z.int(),
  calls_wrongly_refused: z.int(),
});

/** `POST /api/breakers/{name}/what-if`: what was recorded, replayed against draft settings and the present ones. */
export const whatIfSchema = z.strictObject({
  component: z.string(),
  /** What the recording covers: at most an hour, less after a start or when it would be too large. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Calls whose end was recorded. */
  outcomes: z.int(),
  draft: replaySchema,
  current: replaySchema,
});
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

export type SettingsOverrides = z.output<typeof settingsOverridesSchema>;
export type BreakerQuery = z.output<typeof breakerQuerySchema>;
export type Coverage = z.output<typeof coverageSchema>;
export type WhatIf = z.output<typeof whatIfSchema>;
export type Replay = WhatIf['draft'];
export type HoldMode = z.output<typeof holdModeSchema>;
export type BreakerView = z.output<typeof breakerSchema>;
export type Transition = z.output<typeof transitionSchema>;
export type TestStatus = z.output<typeof testStatusSchema>;
export type TriggerResult = z.output<typeof triggerResultSchema>;
