/** Gathers strikes and reports them at most once per interval; the first after a quiet time goes out at once. */
import type { Clock } from '#lib/lab/clock.ts';

const INTERVAL_MS = 250;

export class StrikeCounter {
  readonly #clock: Clock;
  readonly #report: (counts: ReadonlyMap<string, number>) => void;
  /** Bounded by the number of faults. */
  #counts = new Map<string, number>();
  #waiting = false;

  constructor(clock: Clock, report: (counts: ReadonlyMap<string, number>) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    if (!this.#waiting) this.#flush();
  }

  #flush(): void {
    if (this.#counts.size === 0) return;
    this.#report(this.#counts);
    this.#counts = new Map();
    this.#waiting = true;
    this.#clock.after(INTERVAL_MS, () => {
      this.#waiting = false;
      this.#flush();
    });
  }
}
