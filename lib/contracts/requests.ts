/** `GET /api/requests`: what happened to single requests of the data plane, without what they said. */
import { z } from 'zod';

/**
 * How a request was answered: by an upstream or from what was kept; `refused` by us (open breaker, full queue);
 * `failed` by an upstream, so that the caller noticed; `rejected` for a fault of its own; `cancelled` by its client.
 */
export const answerKinds = [
  'upstream',
  'cache',
  'coalesced',
  'stale',
  'refused',
  'failed',
  'rejected',
  'cancelled',
] as const;
/** Those that brought the caller what it asked for. */
export const servedKinds = ['upstream', 'cache', 'coalesced', 'stale'] as const;

/** The stages of a request's way, in their order. */
export const stages = ['read', 'cache', 'queue', 'batch', 'breaker', 'upstream'] as const;

export const spanSchema = z.strictObject({
  stage: z.enum(stages),
  /** The component that a call or a refusal belongs to. */
  component: z.string().nullable(),
  /** Milliseconds after the request's first line came in. */
  start_ms: z.number(),
  duration_ms: z.number(),
  /** Of a call: milliseconds from its start to the first byte of its answer. */
  first_byte_ms: z.number().nullable(),
  /** `ok`, or the kind of failure or refusal. */
  outcome: z.string(),
});

export const requestRecordSchema = z.strictObject({
  /** Counts up by one for each record that is kept. */
  seq: z.int(),
  /** `x-request-id`, the client's own or minted. */
  id: z.string(),
  at: z.iso.datetime(),
  /** The client's endpoint, such as `openai.chat`. */
  endpoint: z.string(),
  operation: z.enum(['chat', 'completions', 'embeddings']),
  /** Null when the request did not name one. */
  model: z.string().nullable(),
  stream: z.boolean(),
  /** The upstream that answered, or failed last. */
  upstream: z.string().nullable(),
  component: z.string().nullable(),
  /** 499 when the client left before its answer began. */
  status: z.int(),
  how: z.enum(answerKinds),
  /** The code of the error that the client was told. */
  error_code: z.string().nullable(),
  total_ms: z.number(),
  /** To the first byte for the client. */
  first_byte_ms: z.number().nullable(),
  /** What we added to the upstream's own time until the first byte, queue included. */
  added_ms: z.number().nullable(),
  queue_ms: z.number(),
  /** As the upstream counted them; null where it did not. */
  tokens_in: z.int().nullable(),
  tokens_out: z.int().nullable(),
  user_agent: z.string().nullable(),
  spans: z.array(spanSchema),
});

/** `GET /api/requests`; all are optional and narrow the answer. */
export const requestQuerySchema = z.strictObject({
  /** Only records after this one. */
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  upstream: z.string().max(64).optional(),
  component: z.string().max(128).optional(),
  operation: z.enum(['chat', 'completions', 'embeddings']).optional(),
  model: z.string().max(256).optional(),
  how: z.enum(answerKinds).optional(),
  /** `true`: only those that were not served. */
  trouble: z.enum(['true', 'false']).optional(),
  /** Only those that took at least so long. */
  min_ms: z.coerce.number().min(0).optional(),
  /** Part of a request id. */
  id: z.string().max(128).optional(),
});

export const requestListSchema = z.strictObject({
  /** Newest first. */
  requests: z.array(requestRecordSchema),
  last_seq: z.int(),
  /** Requests since the start, and how many of them were left out because too many came in one second. */
  seen: z.int(),
  left_out: z.int(),
});

export type AnswerKind = (typeof answerKinds)[number];
export type Stage = (typeof stages)[number];
export type Span = z.output<typeof spanSchema>;
export type RequestRecord = z.output<typeof requestRecordSchema>;
export type RequestQuery = z.output<typeof requestQuerySchema>;
export type RequestList = z.output<typeof requestListSchema>;
