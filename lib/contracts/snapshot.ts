/**
 * One snapshot a second of all that moves: the events of `GET /api/stream`, and what a page begins with.
 *
 * With up to `ALL_UP_TO` components every snapshot is whole. With more, a stream shows `SHOWN` of them, those that were
 * asked for by name and else the worst: it begins with a whole snapshot, and in those that follow `components` and
 * `upstreams` hold what has changed since the one before. A reader puts them in the place of those that it has, by
 * `name`, and drops what is `gone`; when a `seq` is missing it asks anew.
 */
import { z } from 'zod';
import { breakerSchema } from '#lib/contracts/breakers.ts';
import { cacheSnapshotSchema } from '#lib/contracts/cache.ts';
import { drillSchema } from '#lib/contracts/drills.ts';
import { faultSchema } from '#lib/contracts/faults.ts';
import { readinessSchema } from '#lib/contracts/health.ts';
import { answerKinds } from '#lib/contracts/requests.ts';
import { tourNowSchema } from '#lib/contracts/tour.ts';
import { upstreamViewSchema } from '#lib/contracts/upstreams.ts';
import { workloadSchema } from '#lib/contracts/workload.ts';

const percentiles = z.strictObject({
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p99: z.number().nullable(),
});

/** What the gateway did in the last `window_s` seconds. */
export const trafficSchema = z.strictObject({
  window_s: z.int(),
  /** Seconds of it that were measured: fewer after a start. */
  measured_s: z.number(),
  requests: z.int(),
  requests_per_s: z.number(),
  /** Requests by how they were answered. */
  answers: z.record(z.enum(answerKinds), z.int()),
  /** Served among those that were neither rejected nor cancelled; null without any. */
  served_rate: z.number().nullable(),
  /** Of served requests; the first byte of those that were streamed. */
  latency_ms: percentiles,
  first_byte_ms: percentiles,
  added_ms: percentiles,
  tokens_in_per_s: z.number(),
  tokens_out_per_s: z.number(),
});

export const componentSchema = z.strictObject({
  ...breakerSchema.shape,
  /** Null for what belongs to no upstream, such as the sandbox `test`. */
  upstream: z.string().nullable(),
  operation: z.string().nullable(),
});

/** A finished bucket of every series; see `SERIES` for the names. */
export const rowSchema = z.strictObject({
  step_s: z.int(),
  /** The beginning of the bucket. */
  at: z.iso.datetime(),
  values: z.record(z.string(), z.number().nullable()),
});

/** As many components as every snapshot may have whole. */
export const ALL_UP_TO = 100;
/** Components that a stream shows when there are more. */
export const SHOWN = 50;
/** Components that a stream can be asked for by name. */
export const MAX_ASKED = 20;

/** `GET /api/stream`. */
export const streamQuerySchema = z.strictObject({
  /** Names, separated by commas: these are shown however many there are. One that does not exist is passed over. */
  components: z
    .string()
    .max(4_000)
    .transform((text) =>
      [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== ''),
    )
    .refine((names) => names.length <= MAX_ASKED, `at most ${MAX_ASKED} names are allowed`)
    .optional(),
});

export const snapshotSchema = z.strictObject({
  /** Counts up by one a second; a gap means that some were missed. */
  seq: z.int(),
  /** Whether this holds all that the stream shows; otherwise `components` and `upstreams` are those that have changed. */
  is_whole: z.boolean(),
  /** Of all there are, shown or not. */
  totals: z.strictObject({
    components: z.int(),
    /** Open, half-open or held; the sandbox `test` aside. */
    not_closed: z.int(),
    upstreams: z.int(),
    connections: z.int(),
    in_flight: z.int(),
    queued: z.int(),
  }),
  /** Names of those that the stream has shown until the snapshot before, and shows no longer. */
  gone: z.strictObject({ components: z.array(z.string()), upstreams: z.array(z.string()) }),
  at: z.iso.datetime(),
  started_at: z.iso.datetime(),
  /** Where clients point at. */
  address: z.string(),
  /** How this server runs, when the operator should know; null otherwise. */
  notice: z.string().nullable(),
  readiness: readinessSchema,
  /** Requests of the data plane that are not answered yet. */
  in_flight: z.int(),
  /** Requests since the start. */
  requests_seen: z.int(),
  /** The last minute and the last 15 minutes. */
  traffic: z.strictObject({ minute: trafficSchema, recent: trafficSchema }),
  components: z.array(componentSchema),
  upstreams: z.array(upstreamViewSchema),
  cache: cacheSnapshotSchema,
  /** Of both batchers: requests that wait now, calls avoided since the start, average size over the largest. */
  batching: z.strictObject({
    pending: z.int(),
    in_flight: z.int(),
    calls_avoided: z.int(),
    average_size: z.number().nullable(),
  }),
  faults: z.array(faultSchema),
  /** Those that run. */
  drills: z.array(drillSchema),
  workload: workloadSchema,
  /** The guided demo's step; null while it does not run. */
  tour: tourNowSchema.nullable(),
  /** Of the last second; null in the first one. */
  process: z.strictObject({
    loop_delay_p99_ms: z.number().nullable(),
    loop_delay_max_ms: z.number().nullable(),
    cpu_percent: z.number().nullable(),
    rss_mb: z.number().nullable(),
    /** Consoles that listen. */
    listeners: z.int(),
  }),
  /** Buckets that have been finished since the last snapshot, by their steps. */
  rows: z.array(rowSchema),
  last_event_seq: z.int(),
  last_request_seq: z.int(),
});

export type Traffic = z.output<typeof trafficSchema>;
export type Component = z.output<typeof componentSchema>;
export type Row = z.output<typeof rowSchema>;
export type Snapshot = z.output<typeof snapshotSchema>;
