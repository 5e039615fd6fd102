/**
 * The usual course of a season. At slot s, with a Gaussian kernel k over neighbouring slots and weights that fall by
 * `DECAY` a season:
 *
 *   profile(s) = Σ_j k(s - j) Σ_d DECAY^d y[j, d]  /  Σ_j k(s - j) Σ_d DECAY^d
 *
 * over what was observed; slots and seasons that were not observed weigh nothing.
 */

/** Of an older season, for each season that it is older. */
const DECAY = 0.8;
/** Of the kernel, as a share of the season: half an hour of a day. */
const BANDWIDTH = 1 / 48;
const REACH = 2.5;
const NOTHING = 1e-9;

export class DayProfile {
  readonly #slots: number;
  readonly #sums: Float64Array;
  readonly #weights: Float64Array;
  readonly #smoothSums: Float64Array;
  readonly #smoothWeights: Float64Array;
  readonly #kernel: readonly number[];
  readonly #reach: number;

  constructor(slots: number) {
    this.#slots = slots;
    this.#sums = new Float64Array(slots);
    this.#weights = new Float64Array(slots);
    this.#smoothSums = new Float64Array(slots);
    this.#smoothWeights = new Float64Array(slots);
    const width = BANDWIDTH * slots;
    this.#reach = Math.min(Math.ceil(REACH * width), Math.floor((slots - 1) / 2));
    this.#kernel = Array.from({ length: 2 * this.#reach + 1 }, (_, at) =>
      Math.exp(-0.5 * ((at - this.#reach) / Math.max(width, NOTHING)) ** 2),
    );
  }

  /** NaN where nothing was observed near. */
  at(slot: number): number {
    const weight = this.#smoothWeights[slot] ?? 0;
    return weight < NOTHING ? Number.NaN : (this.#smoothSums[slot] ?? 0) / weight;
  }

  observe(slot: number, value: number): void {
    const sum = (this.#sums[slot] ?? 0) * DECAY + value;
    const weight = (this.#weights[slot] ?? 0) * DECAY + 1;
    this.#spread(slot, sum - (this.#sums[slot] ?? 0), weight - (this.#weights[slot] ?? 0));
    this.#sums[slot] = sum;
    this.#weights[slot] = weight;
  }

  #spread(slot: number, bySum: number, byWeight: number): void {
    for (let at = 0; at < this.#kernel.length; at += 1) {
      const near = (slot + at - this.#reach + this.#slots) % this.#slots;
      const share = this.#kernel[at] ?? 0;
      this.#smoothSums[near] = (this.#smoothSums[near] ?? 0) + share * bySum;
      this.#smoothWeights[near] = (this.#smoothWeights[near] ?? 0) + share * byWeight;
    }
  }
}
