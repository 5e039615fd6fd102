/** Failure drills: what `POST /api/lab/drills` takes and what every answer about a drill shows. */
import { z } from 'zod';
import { breakerStateSchema } from '#lib/contracts/breakers.ts';
import { faultKinds } from '#lib/contracts/faults.ts';

export const drillRequestSchema = z.strictObject({
  /** A component of an upstream: `<upstream>.chat`, `.completions` or `.embeddings`. */
  component: z.string().min(1).max(128),
  fault: z.enum(faultKinds).default('error'),
  /** Share of calls that the fault strikes. */
  rate: z.number().gt(0).max(1).default(1),
  /** How long the fault lasts; the drill goes on until the breaker has closed again. */
  duration_s: z.number().min(1).max(600),
  /** Status of the fault `error`; default 500. */
  http_status: z.int().min(400).max(599).optional(),
  /** Added delay of the fault `latency`; default 1000. */
  latency_ms: z.int().min(0).max(600_000).optional(),
  /** Calls a second that the drill makes itself, beside whatever traffic there is. */
  calls_per_s: z.number().min(1).max(200).default(50),
  reason: z.string().trim().min(1).max(500).optional(),
});

/** `GET /api/lab/drills`. */
export const drillQuerySchema = z.strictObject({ format: z.enum(['json', 'csv']).default('json') });

export const drillSchema = z.strictObject({
  id: z.string(),
  component: z.string(),
  fault: z.enum(faultKinds),
  rate: z.number(),
  duration_s: z.number(),
  http_status: z.int().optional(),
  latency_ms: z.int().optional(),
  calls_per_s: z.number(),
  by: z.string(),
  reason: z.string().optional(),
  /** A drill passes when every check does. */
  status: z.enum(['running', 'passed', 'failed']),
  phase: z.enum(['fault', 'recovery', 'over']),
  /** Why it ended; null while it runs. `interrupted` by an end of the server. */
  end_cause: z.enum(['finished', 'stopped', 'not_recovered', 'interrupted']).nullable(),
  started_at: z.iso.datetime(),
  /** When the fault was gone again; null before. */
  fault_ended_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  /** From the injection to the breaker being open; null when it did not open. */
  time_to_open_ms: z.number().nullable(),
  /** Calls that reached the upstream after the breaker had opened and before it closed, but for its probes. */
  calls_leaked: z.int(),
  probes: z.int(),
  /** From the end of the fault to the breaker being closed; null when it has not closed (or never opened). */
  time_to_recover_ms: z.number().nullable(),
  /** The longest that one of the drill's own callers waited for an answer or a refusal. */
  worst_caller_ms: z.number().nullable(),
  /** The drill's own calls. */
  calls: z.strictObject({
    sent: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    refused: z.int(),
    skipped: z.int(),
  }),
  /** What it is judged by; empty while it runs. */
  checks: z.array(
    z.strictObject({ name: z.string(), passed: z.boolean(), measured: z.string(), wanted: z.string() }),
  ),
  /** What the breaker went through during the drill, oldest first. */
  transitions: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      from: breakerStateSchema,
      to: breakerStateSchema,
      cause: z.string(),
    }),
  ),
});

/** Newest first. */
export const drillListSchema = z.strictObject({ drills: z.array(drillSchema) });

export type DrillRequest = z.output<typeof drillRequestSchema>;
export type Drill = z.output<typeof drillSchema>;
