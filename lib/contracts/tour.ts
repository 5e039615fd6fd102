/** The guided demo: steps that really happen, and what clients with and without the gateway saw in each. */
import { z } from 'zod';

/** `POST /api/lab/tour`. */
export const tourRequestSchema = z.strictObject({
  /** Whether it goes on by itself; otherwise it waits for `POST /api/lab/tour/next`. */
  auto: z.boolean().default(true),
  reason: z.string().trim().max(500).optional(),
});

/** `PATCH /api/lab/tour`. */
export const tourPatchSchema = z.strictObject({ auto: z.boolean() });

/** What the clients of one side saw. */
export const tourFiguresSchema = z.strictObject({
  answers: z.int(),
  /** With a status below 400, read to the end. */
  served: z.int(),
  failed: z.int(),
  /** 0..1; null without answers. */
  served_share: z.number().nullable(),
  /** From being sent to the last byte, of those that were served. */
  p50_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
  /** The same of those that failed. */
  failed_p50_ms: z.number().nullable(),
  /** Answers by their header `x-cache`, in lower case; `none` without it. */
  cache: z.record(z.string(), z.int()),
  /** Answers that were not kept, by the upstream that is named in their headers. */
  upstreams: z.record(z.string(), z.int()),
  /**
   * Calls to an upstream that the answers took: none for what was kept or refused, and a share of each batch. Failed
   * calls before one that answered are not told by it, and not counted.
   */
  upstream_calls: z.number(),
});

const sides = z.strictObject({ with: tourFiguresSchema, without: tourFiguresSchema });

export const tourStepSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  text: z.string(),
  /** Where to look, and what that page is called. */
  page: z.string(),
  page_name: z.string(),
  state: z.enum(['ahead', 'now', 'done', 'skipped']),
  started_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  /** What it is over with. */
  awaits: z.string(),
  /** What was seen, in a sentence with its figures; null as long as it was not. */
  outcome: z.string().nullable(),
  figures: sides.nullable(),
});

export const tourPointSchema = z.strictObject({
  at: z.iso.datetime(),
  with_served: z.int(),
  with_failed: z.int(),
  without_served: z.int(),
  without_failed: z.int(),
});

/** `GET /api/lab/tour`, and what every change of it answers. */
export const tourSchema = z.strictObject({
  state: z.enum(['idle', 'starting', 'running', 'over']),
  /** Why it cannot be given on this server; null when it can. */
  refusal: z.string().nullable(),
  auto: z.boolean(),
  by: z.string().nullable(),
  started_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  /** Why it ended before its last step; null otherwise. */
  message: z.string().nullable(),
  steps: z.array(tourStepSchema),
  /** Over all steps. */
  totals: sides,
  /** One a second, oldest first, of the last minutes. */
  points: z.array(tourPointSchema),
});

/** The upstream that fails, and the one that stands in for it. */
export const TOUR_UPSTREAMS = { failing: 'lab', standby: 'lab-standby' } as const;

/** As every page shows it while it runs. */
export const tourNowSchema = z.strictObject({
  title: z.string(),
  /** From 1. */
  step: z.int(),
  steps: z.int(),
  page: z.string(),
  page_name: z.string(),
});

export type TourRequest = z.output<typeof tourRequestSchema>;
export type TourFigures = z.output<typeof tourFiguresSchema>;
export type TourStep = z.output<typeof tourStepSchema>;
export type TourPoint = z.output<typeof tourPointSchema>;
export type TourNow = z.output<typeof tourNowSchema>;
export type Tour = z.output<typeof tourSchema>;
