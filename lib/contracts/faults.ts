/** Fault injection: what `POST /api/lab/faults` takes and what every answer about a fault shows. */
import { z } from 'zod';

export const faultKinds = ['error', 'latency', 'hang', 'cut', 'rate_limit'] as const;

export const faultRequestSchema = z.strictObject({
  upstream: z.string().min(1),
  kind: z.enum(faultKinds),
  /** Share of calls that the fault strikes. */
  rate: z.number().min(0).max(1).default(1),
  /** Status of `error` (default 500); `rate_limit` always answers 429. */
  status: z.int().min(400).max(599).optional(),
  /** Added delay of `latency`; default 1000. */
  latency_ms: z.int().min(0).max(600_000).optional(),
  duration_s: z.number().gt(0).max(86_400),
  reason: z.string().max(500).optional(),
});

export const faultSchema = z.strictObject({
  id: z.string(),
  upstream: z.string(),
  kind: z.enum(faultKinds),
  rate: z.number(),
  status: z.int().optional(),
  latency_ms: z.int().optional(),
  started_at: z.iso.datetime(),
  ends_at: z.iso.datetime(),
  /** Calls it has struck so far. */
  struck: z.int(),
  by: z.string(),
  reason: z.string().optional(),
});

export const faultListSchema = z.strictObject({ faults: z.array(faultSchema) });

export type FaultKind = (typeof faultKinds)[number];
export type FaultRequest = z.output<typeof faultRequestSchema>;
export type Fault = z.output<typeof faultSchema>;
