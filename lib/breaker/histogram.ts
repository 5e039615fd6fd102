/**
 * Latency histogram with buckets of equal ratio.
 *
 *   bucket(v) = ⌈ln(v / MIN) / ln(RATIO)⌉, and a percentile is the geometric middle of the bucket that holds its rank
 *
 * so that every percentile is within √RATIO − 1 = 2.5 % of the sample it stands for, at constant cost per sample and
 * per read, whatever the number of samples. Histograms add up bucket by bucket; percentiles never may.
 */

const MIN_MS = 0.1;
const MAX_MS = 3_600_000;
const RATIO = 1.05;
const LN_RATIO = Math.log(RATIO);
export const BUCKETS = Math.ceil(Math.log(MAX_MS / MIN_MS) / LN_RATIO) + 1;
/** Relative error bound of a percentile between `MIN_MS` and `MAX_MS`. */
export const RELATIVE_ERROR = Math.sqrt(RATIO) - 1;

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(valueMs: number): void {
    const bucket = bucketOf(valueMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  /** Adds the samples of another one, of another gateway say. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
    }
    this.#total += other.#total;
  }

  /** Takes the samples of another one out of this one. */
  subtract(other: Histogram): void {
    if (other.#total === 0) return;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) - (other.#counts[bucket] ?? 0);
    }
    this.#total -= other.#total;
  }

  clear(): void {
    if (this.#total === 0) return;
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** Milliseconds below or at which the given shares (0..1, ascending) of the samples lie; null without samples. */
  percentiles(shares: readonly number[]): (number | null)[] {
    if (this.#total === 0) return shares.map(() => null);
    let bucket = 0;
    let seen = this.#counts[0] ?? 0;
    return shares.map((share) => {
      const rank = Math.max(1, Math.ceil(share * this.#total));
      while (seen < rank && bucket < BUCKETS - 1) {
        bucket += 1;
        seen += this.#counts[bucket] ?? 0;
      }
      return middleOf(bucket);
    });
  }
}

function bucketOf(valueMs: number): number {
  if (!(valueMs > MIN_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(valueMs / MIN_MS) / LN_RATIO));
}

function middleOf(bucket: number): number {
  return bucket === 0 ? MIN_MS : MIN_MS * RATIO ** (bucket - 0.5);
}
