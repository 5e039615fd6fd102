/**
 * How callers come back after a recovery: a limit on calls in flight that starts at the number of probes and doubles
 *
 * - when as many calls as it allows have succeeded since it last grew, or
 * - when `STEP_MS` have passed without a failure, lest long streams keep everyone else out.
 *
 * A lone caller never meets it; a stampede is let in by and by. It is over when it allows as many as the upstream can
 * take at all.
 */

const STEP_MS = 5_000;

export class Ramp {
  readonly #target: number;
  #limit: number;
  #inFlight = 0;
  #successes = 0;
  #grewAtMs: number;

  /** @param target calls in flight at which it is over; `nowMs` is monotonic, here and below */
  constructor(start: number, target: number, nowMs: number) {
    this.#limit = start;
    this.#target = target;
    this.#grewAtMs = nowMs;
  }

  get isOver(): boolean {
    return this.#limit >= this.#target;
  }

  get view(): { in_flight: number; limit: number } {
    return { in_flight: this.#inFlight, limit: this.#limit };
  }

  hasRoom(nowMs: number): boolean {
    if (nowMs - this.#grewAtMs >= STEP_MS) this.#grow(nowMs);
    return this.isOver || this.#inFlight < this.#limit;
  }

  began(): void {
    this.#inFlight += 1;
  }

  /** @param verdict null when the call says nothing about the upstream */
  ended(verdict: 'good' | 'bad' | null, nowMs: number): void {
    this.#inFlight -= 1;
    if (verdict === 'bad') {
      this.#successes = 0;
      this.#grewAtMs = nowMs;
    } else if (verdict === 'good') {
      this.#successes += 1;
      if (this.#successes >= this.#limit) this.#grow(nowMs);
    }
  }

  #grow(nowMs: number): void {
    this.#limit *= 2;
    this.#successes = 0;
    this.#grewAtMs = nowMs;
  }
}
