/** An operator's hold on a breaker: what callers meet, whatever the traffic, until it is lifted or its time is up. */
import { z } from 'zod';
import { type BreakerView, type HoldMode, holdModeSchema } from '#lib/contracts/breakers.ts';

/** Who acts, and why. */
export interface Act {
  by: string;
  reason?: string | undefined;
}

export interface HoldOptions extends Act {
  /** Seconds until it ends by itself; without, it lasts until it is lifted. */
  durationS?: number | undefined;
}

/** What outlives a restart; times are epoch milliseconds. */
export const holdRecordSchema = z.strictObject({
  id: z.string(),
  mode: holdModeSchema,
  by: z.string(),
  reason: z.string().nullable(),
  since_ms: z.number(),
  expires_at_ms: z.number().nullable(),
});
export type HoldRecord = z.output<typeof holdRecordSchema>;

/** The longest that `setTimeout` can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Hold {
  readonly #record: HoldRecord;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | null = null;

  /** `onDue` is called once, when its time is up; `now` is the wall clock in epoch milliseconds. */
  constructor(record: HoldRecord, now: () => number, onDue: () => void) {
    this.#record = record;
    this.#now = now;
    this.#await(onDue);
  }

  get id(): string {
    return this.#record.id;
  }

  get mode(): HoldMode {
    return this.#record.mode;
  }

  get act(): Act {
    const { by, reason } = this.#record;
    return { by, reason: reason ?? undefined };
  }

  get isOver(): boolean {
    const { expires_at_ms } = this.#record;
    return expires_at_ms !== null && this.#now() >= expires_at_ms;
  }

  /** Milliseconds left; null when it has no end of its own. */
  get leftMs(): number | null {
    const { expires_at_ms } = this.#record;
    return expires_at_ms === null ? null : Math.max(0, expires_at_ms - this.#now());
  }

  record(): HoldRecord {
    return this.#record;
  }

  view(): NonNullable<BreakerView['hold']> {
    const { id, mode, reason, by, since_ms, expires_at_ms } = this.#record;
    return {
      id,
      mode,
      reason,
      by,
      since: new Date(since_ms).toISOString(),
      expires_at: expires_at_ms === null ? null : new Date(expires_at_ms).toISOString(),
    };
  }

  /** Forgets its timer. */
  release(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** A timer may ring a little before the wall clock shows its time, and the clock may be set back: then again. */
  #await(onDue: () => void): void {
    const { leftMs } = this;
    if (leftMs === null) return;
    const ring = () => (this.isOver ? onDue() : this.#await(onDue));
    this.#timer = setTimeout(ring, Math.min(MAX_TIMER_MS, Math.max(1, leftMs))).unref();
  }
}

/** The record of a new hold that begins at `nowMs`. */
export function newHold(
  id: string,
  mode: HoldMode,
  { by, reason, durationS }: HoldOptions,
  nowMs: number,
): HoldRecord {
  return {
    id,
    mode,
    by,
    reason: reason ?? null,
    since_ms: nowMs,
    expires_at_ms: durationS === undefined ? null : nowMs + durationS * 1_000,
  };
}
