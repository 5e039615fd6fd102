/**
 * How many calls at a time a model takes well, learned from their latency: Gradient2 of Netflix's concurrency-limits,
 *
 *   gradient = clamp(TOLERANCE · long / short, 0.5, 1),   long = slow mean of latency, short = the newest window's mean
 *   limit ← (1 - SMOOTHING) limit + SMOOTHING (limit · gradient + √limit)
 *
 * so it grows by about √limit while latency holds, and shrinks when it rises. It does not grow while less than half of
 * it is used, which would learn nothing.
 */

const TOLERANCE = 1.5;
const SMOOTHING = 0.2;
const LONG_WINDOWS = 600;
/** When latency has fallen for good, the slow mean follows sooner. */
const DRIFT = 0.95;
const MIN_CALLS = 5;

export class GradientLimit {
  readonly #floor: number;
  #limit: number;
  #longMs: number | null = null;
  #windows = 0;

  /** @param floor never below. @param start where it begins */
  constructor(floor: number, start: number) {
    this.#floor = floor;
    this.#limit = Math.max(floor, start);
  }

  /** Whole calls. */
  get limit(): number {
    return Math.max(this.#floor, Math.floor(this.#limit));
  }

  /**
   * Takes a window of calls that have ended.
   * @param peak the most that were in flight in it
   * @param ceiling never above; a raised one is grown into, a lowered one holds at once
   */
  observe(calls: number, meanMs: number, peak: number, ceiling: number): void {
    this.#limit = Math.max(this.#floor, Math.min(ceiling, this.#limit));
    if (calls < MIN_CALLS || meanMs <= 0) return;
    this.#windows += 1;
    // A plain mean first, so that the first window is not believed for ten minutes.
    const weight = 1 / Math.min(this.#windows, LONG_WINDOWS);
    this.#longMs = this.#longMs === null ? meanMs : this.#longMs + weight * (meanMs - this.#longMs);
    if (this.#longMs > 2 * meanMs) this.#longMs *= DRIFT;
    const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * this.#longMs) / meanMs));
    if (gradient === 1 && peak < this.#limit / 2) return;
    const wanted = this.#limit * gradient + Math.sqrt(this.#limit);
    const next = (1 - SMOOTHING) * this.#limit + SMOOTHING * wanted;
    this.#limit = Math.max(this.#floor, Math.min(ceiling, next));
  }
}
