/** What of a breaker outlives a restart, kept as JSON by whoever keeps it. Times are epoch milliseconds. */
import { z } from 'zod';
import { holdRecordSchema } from '#lib/breaker/hold.ts';
import { settingsOverridesSchema, transitionSchema } from '#lib/contracts/breakers.ts';

export const breakerRecordSchema = z.strictObject({
  /** The settings that an operator has changed. */
  overrides: settingsOverridesSchema,
  /** Oldest first. */
  holds: z.array(holdRecordSchema),
  since_ms: z.number(),
  generation: z.int(),
  /** Null when traffic has not opened it. */
  outage: z
    .strictObject({
      /** The end of its open time; long ago when it was half-open. */
      open_until_ms: z.number(),
      failed_rounds: z.int(),
      opening: transitionSchema,
    })
    .nullable(),
});

export type BreakerRecord = z.output<typeof breakerRecordSchema>;

/** Where records are kept, by component. Nothing here throws. */
export interface BreakerRecords {
  load(component: string): BreakerRecord | null;
  save(component: string, record: BreakerRecord): void;
  /** There is nothing to tell of it any more. */
  remove(component: string): void;
}

/** Keeps nothing. */
export const NO_RECORDS: BreakerRecords = { load: () => null, save: () => {}, remove: () => {} };

/** A record says something when a fresh breaker would be another one. */
export function isWorthKeeping({ overrides, holds, outage }: BreakerRecord): boolean {
  return outage !== null || holds.length > 0 || Object.keys(overrides).length > 0;
}
