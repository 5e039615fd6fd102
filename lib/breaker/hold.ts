/** An operator's hold on a breaker: what callers meet, whatever the traffic, until it is lifted or its time is up. */
import type { BreakerView, HoldMode } from '#lib/contracts/breakers.ts';

/** Who acts, and why. */
export interface Act {
  by: string;
  reason?: string | undefined;
}

export interface HoldOptions extends Act {
  /** Seconds until it ends by itself; without, it lasts until it is lifted. */
  durationS?: number | undefined;
}

export class Hold {
  readonly mode: HoldMode;
  readonly act: Act;
  readonly #now: () => number;
  readonly #sinceMs: number;
  readonly #expiresAtMs: number | null;
  #timer: NodeJS.Timeout | null = null;

  /** `onDue` is called once, when its time is up; `now` is the wall clock in epoch milliseconds. */
  constructor(mode: HoldMode, { by, reason, durationS }: HoldOptions, now: () => number, onDue: () => void) {
    this.mode = mode;
    this.act = { by, reason };
    this.#now = now;
    this.#sinceMs = now();
    this.#expiresAtMs = durationS === undefined ? null : this.#sinceMs + durationS * 1_000;
    this.#await(onDue);
  }

  get isOver(): boolean {
    return this.#expiresAtMs !== null && this.#now() >= this.#expiresAtMs;
  }

  /** Milliseconds left; null when it has no end of its own. */
  get leftMs(): number | null {
    return this.#expiresAtMs === null ? null : Math.max(0, this.#expiresAtMs - this.#now());
  }

  view(): NonNullable<BreakerView['hold']> {
    return {
      mode: this.mode,
      reason: this.act.reason ?? null,
      by: this.act.by,
      since: new Date(this.#sinceMs).toISOString(),
      expires_at: this.#expiresAtMs === null ? null : new Date(this.#expiresAtMs).toISOString(),
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
    this.#timer = setTimeout(ring, Math.max(1, leftMs)).unref();
  }
}
