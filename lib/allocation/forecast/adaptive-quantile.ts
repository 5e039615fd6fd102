/**
 * Quantiles of what is to come, from how far off the forecasts were: adaptive conformal inference (Gibbs and Candès,
 * "Adaptive Conformal Inference Under Distribution Shift", NeurIPS 2021). Errors are taken in square-root space, where
 * counts have an even spread, and in units of their own recent size:
 *
 *   z = (√actual - √forecast) / size,   size = mean |error|, forgotten slowly
 *   quantile = (√forecast + size · Z(level))²,   Z the empirical quantile of the last `WINDOW` z
 *   level ← level + γ (wanted - [actual ≤ quantile])
 *
 * so that the share of actuals at or below the quantile tends to the wanted one, whatever the series does.
 */

const WINDOW = 400;
const STEP = 0.004;
const SIZE_HALF_LIFE_SEASONS = 0.1;
const LEAST_SIZE = 1e-6;
/** How much further out, as a share of the outermost, one place beyond it is. */
const BEYOND = 0.1;

/** Of the errors of one horizon. */
export class Errors {
  readonly #sizeForgetting: number;
  readonly #ring = new Float64Array(WINDOW);
  readonly #sorted = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;
  #sizeSum = 0;
  #sizeWeight = 0;

  constructor(seasonSteps: number) {
    this.#sizeForgetting = 0.5 ** (1 / Math.max(1, SIZE_HALF_LIFE_SEASONS * seasonSteps));
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#sizeWeight === 0 ? LEAST_SIZE : Math.max(LEAST_SIZE, this.#sizeSum / this.#sizeWeight);
  }

  /** @param error in square-root space */
  add(error: number): void {
    const z = error / this.size;
    if (this.#sizeWeight > 0) this.#insert(z);
    this.#sizeSum = this.#sizeSum * this.#sizeForgetting + Math.abs(error);
    this.#sizeWeight = this.#sizeWeight * this.#sizeForgetting + 1;
  }

  /** Interpolated; beyond the outermost by as much as the level is beyond it. @param level 0..1, or beyond */
  quantile(level: number): number {
    if (this.#count === 0) return 0;
    const position = level * (this.#count + 1) - 1;
    const [lowest, highest] = [this.#sorted[0] ?? 0, this.#sorted[this.#count - 1] ?? 0];
    const last = this.#count - 1;
    if (position <= 0) return lowest - Math.abs(lowest) * -position * BEYOND;
    if (position >= last) return highest + Math.abs(highest) * (position - last) * BEYOND;
    const below = Math.floor(position);
    const [from, to] = [this.#sorted[below] ?? 0, this.#sorted[below + 1] ?? 0];
    return from + (position - below) * (to - from);
  }

  #insert(z: number): void {
    if (this.#count === WINDOW) {
      const at = this.#rank(this.#ring[this.#next] ?? 0);
      this.#sorted.copyWithin(at, at + 1, this.#count);
      this.#count -= 1;
    }
    const at = this.#rank(z);
    this.#sorted.copyWithin(at + 1, at, this.#count);
    this.#sorted[at] = z;
    this.#count += 1;
    this.#ring[this.#next] = z;
    this.#next = (this.#next + 1) % WINDOW;
  }

  /** How many are below it. */
  #rank(z: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? 0) < z) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** One quantile over the errors of one horizon. */
export class AdaptiveQuantile {
  readonly wanted: number;
  readonly #errors: Errors;
  #level: number;

  constructor(wanted: number, errors: Errors) {
    this.wanted = wanted;
    this.#errors = errors;
    this.#level = wanted;
  }

  /** @param forecast of a quantity that is never negative */
  around(forecast: number): number {
    return Math.max(0, Math.sqrt(forecast) + this.#errors.size * this.#errors.quantile(this.#level)) ** 2;
  }

  /** To be told before the errors are: it judges what it said before it knew. */
  learn(quantile: number, actual: number): void {
    const limit = 1 / (WINDOW / 4);
    const next = this.#level + STEP * (this.wanted - (actual <= quantile ? 1 : 0));
    this.#level = Math.min(1 + limit, Math.max(-limit, next));
  }
}
