/** `GET /api/events` and its stream: breaker transitions, operators' acts, faults, reloads. */
import { z } from 'zod';

export const eventSchema = z.strictObject({
  /** Counts up by one, across restarts too. */
  seq: z.int(),
  at: z.iso.datetime(),
  /** `breaker_<cause>`, `operator_<act>`, `fault_injected`, `fault_ended`, `config_reloaded`, … */
  type: z.string(),
  component: z.string().optional(),
  /** Who caused it, when a person or a script did. */
  by: z.string().optional(),
  /** By type: of a breaker its transition, of an operator's act the audit entry, of a fault `{fault, cause}`. */
  detail: z.unknown(),
});

/** `GET /api/events`, and of its stream all but `limit`. */
export const eventQuerySchema = z.strictObject({
  /** Only events after this one, the oldest first; without it the newest ones. */
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  component: z.string().max(128).optional(),
  /** A type, or the beginning of one that ends in `*`. */
  type: z.string().max(64).optional(),
  /** `true`: only what a person or a script did. */
  acts: z.stringbool().optional(),
});

export const eventListSchema = z.strictObject({
  /** In the order of `seq`. */
  events: z.array(eventSchema),
  /** Of the newest event there is, 0 when there is none. */
  last_seq: z.int(),
  /** Of the oldest event that is still kept, 0 when there is none. */
  oldest_seq: z.int(),
});

export type LoggedEvent = z.output<typeof eventSchema>;
export type EventQuery = z.output<typeof eventQuerySchema>;
export type EventList = z.output<typeof eventListSchema>;
