/** The workload: seeded traffic over real HTTP through the gateway's own port. `/api/lab/workload`. */
import { z } from 'zod';

export const workloadShapes = ['steady', 'day', 'bursts', 'csv'] as const;

/** `POST /api/lab/workload`. */
export const workloadRequestSchema = z
  .strictObject({
    /** The same seed and settings send the same requests at the same times. */
    seed: z.int().min(0).max(4_294_967_295).default(1),
    /** Mean rate of arrivals. */
    rate_per_s: z.number().gt(0).max(500).default(20),
    /** Ends by itself after so long; without it, when it is stopped. */
    duration_s: z.number().gt(0).max(604_800).optional(),
    shape: z.enum(workloadShapes).default('day'),
    /** Of the shape `day`: seconds that a day takes. */
    day_s: z.number().min(10).max(86_400).default(300),
    /** Of the shape `day`: how much of the first day is over at the start, 0..1. */
    day_begun: z.number().min(0).lt(1).default(0),
    /** Of the shape `day`: models that are asked in the place of `chat_model` in some hours, for a share of the chats. */
    rota: z
      .array(
        z.strictObject({
          model: z.string().min(1).max(256),
          from_h: z.number().min(0).max(24),
          to_h: z.number().min(0).max(24),
          share: z.number().min(0).max(1),
        }),
      )
      .max(16)
      .default([]),
    /** Weights of the kinds of request; a stream is a chat that is streamed. */
    mix: z
      .strictObject({
        chat: z.number().min(0).max(1_000).default(4),
        stream: z.number().min(0).max(1_000).default(4),
        embeddings: z.number().min(0).max(1_000).default(2),
      })
      .prefault({})
      .refine((mix) => mix.chat + mix.stream + mix.embeddings > 0, 'one weight at least must be above 0'),
    /** Distinct prompts, and the exponent of the Zipf law by which they are asked (0: all alike). */
    prompts: z.int().min(1).max(100_000).default(500),
    zipf: z.number().min(0).max(4).default(1),
    /** Share of the prompts that are asked at temperature 0, so that their answers may be cached. */
    deterministic_share: z.number().min(0).max(1).default(0.8),
    /** Models to ask; the lab's without them. */
    chat_model: z.string().min(1).max(256).default('lab-chat'),
    embedding_model: z.string().min(1).max(256).default('lab-embed'),
    /**
     * Of the shape `csv`: a header line, a column `timestamp` (ISO 8601, `YYYY-MM-DD HH:MM:SS`, or seconds), and maybe
     * a column `requests` (arrivals from then to the next line; 1 without it).
     */
    csv: z.string().max(4_000_000).optional(),
    /** Of the shape `csv`: how many times faster than it was recorded. */
    speed: z.number().gt(0).max(100_000).default(1),
    reason: z.string().trim().max(500).optional(),
  })
  .refine(({ shape, csv }) => (shape === 'csv') === (csv !== undefined), {
    path: ['csv'],
    message: 'the shape csv needs it, and no other takes one',
  });

/** As the workload runs: what was asked for, but the CSV's text. */
export const workloadSettingsSchema = z.strictObject({
  seed: z.int(),
  rate_per_s: z.number(),
  duration_s: z.number().nullable(),
  shape: z.enum(workloadShapes),
  day_s: z.number(),
  day_begun: z.number(),
  rota: z.array(
    z.strictObject({ model: z.string(), from_h: z.number(), to_h: z.number(), share: z.number() }),
  ),
  mix: z.strictObject({ chat: z.number(), stream: z.number(), embeddings: z.number() }),
  prompts: z.int(),
  zipf: z.number(),
  deterministic_share: z.number(),
  chat_model: z.string(),
  embedding_model: z.string(),
  speed: z.number(),
  /** Of the shape `csv`: arrivals in it. */
  arrivals: z.int().nullable(),
});

/** `GET /api/lab/workload`; `DELETE` stops it and answers the same. */
export const workloadSchema = z.strictObject({
  state: z.enum(['idle', 'running', 'ended']),
  settings: workloadSettingsSchema.nullable(),
  by: z.string().nullable(),
  started_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  /** `finished`, `stopped`, `shutdown`, or `crashed`. */
  end_cause: z.enum(['finished', 'stopped', 'shutdown', 'crashed']).nullable(),
  /** 0..1; null when it has no end of its own. */
  progress: z.number().min(0).max(1).nullable(),
  /** What the shape asks for just now. */
  target_rate_per_s: z.number(),
  sent: z.int(),
  in_flight: z.int(),
  /** Arrivals that were not sent, because too many were in flight already. */
  skipped: z.int(),
  /** Answers by what came of them: `200`, `503`, …, `no answer`. */
  answers: z.record(z.string(), z.int()),
});

export type WorkloadRequest = z.output<typeof workloadRequestSchema>;
export type WorkloadSettings = z.output<typeof workloadSettingsSchema>;
export type Workload = z.output<typeof workloadSchema>;
