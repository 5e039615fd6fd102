/**
 * What a call costs by its size, fitted to the calls that were made:
 *
 *   duration(n) = a·n + b      a: ms per item, b: ms per call; least squares, older calls weigh less (0.98 per call)
 *
 * A batch of N pays when it takes less than N calls of one: a·N + b < N·(a + b).
 */
const FORGETTING = 0.98;
const MIN_CALLS = 8;
/** A saving below it is not worth anybody's wait. */
const WORTH = 0.1;

export class CostLine {
  #calls = 0;
  #w = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  add(size: number, durationMs: number): void {
    this.#calls += 1;
    this.#w = this.#w * FORGETTING + 1;
    this.#x = this.#x * FORGETTING + size;
    this.#y = this.#y * FORGETTING + durationMs;
    this.#xx = this.#xx * FORGETTING + size * size;
    this.#xy = this.#xy * FORGETTING + size * durationMs;
  }

  /** Null until sizes have differed over a few calls. Neither is below 0. */
  get fitted(): { perItemMs: number; perCallMs: number; calls: number } | null {
    const spread = this.#xx - (this.#x * this.#x) / this.#w;
    if (this.#calls < MIN_CALLS || !(spread > 0.5)) return null;
    const slope = Math.max(0, (this.#xy - (this.#x * this.#y) / this.#w) / spread);
    const offset = (this.#y - slope * this.#x) / this.#w;
    if (offset >= 0) return { perItemMs: slope, perCallMs: offset, calls: this.#calls };
    return { perItemMs: this.#xy / this.#xx, perCallMs: 0, calls: this.#calls };
  }

  /** Null while it is not known. */
  durationMs(size: number): number | null {
    const line = this.fitted;
    return line === null ? null : line.perItemMs * size + line.perCallMs;
  }

  /** Whether a batch of so many saves anything; presumed until it is known. */
  pays(size: number): boolean {
    const line = this.fitted;
    if (line === null) return true;
    const single = line.perItemMs + line.perCallMs;
    return single > 0 && 1 - (line.perItemMs * size + line.perCallMs) / (size * single) >= WORTH;
  }
}
