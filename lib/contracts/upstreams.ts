/** `GET /api/upstreams`: what is configured, and how busy it is now. */
import { z } from 'zod';

export const upstreamViewSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['ollama', 'openai', 'lab']),
  /** True for the embedded stand-in, which is no AI model. */
  lab: z.boolean(),
  /** Without credentials. */
  url: z.string(),
  models: z.array(z.string()),
  connections: z.int(),
  in_flight: z.int(),
  queued: z.int(),
  /** Names of its breakers. */
  components: z.array(z.string()),
});

export const upstreamListSchema = z.strictObject({
  /** Where clients point at. */
  address: z.string(),
  /** How this server runs, when the operator should know; null otherwise. */
  notice: z.string().nullable(),
  upstreams: z.array(upstreamViewSchema),
});

export type UpstreamView = z.output<typeof upstreamViewSchema>;
export type UpstreamList = z.output<typeof upstreamListSchema>;
