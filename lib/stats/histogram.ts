/**
 * Latency histogram with buckets of equal ratio.
 *
 *   bucket(v) = ⌈STEPS · log₂(v / MIN)⌉, and a percentile is the geometric middle of the bucket that holds its rank
 *
 * so that every percentile is within 2^(1/(2·STEPS)) − 1 = 2.2 % of the sample it stands for, at constant cost per
 * sample and per read, whatever the number of samples. Histograms add up bucket by bucket; percentiles never may.
 * Every doubling of `MIN_MS` is the edge of a bucket, 10 ms and the bounds that OpenTelemetry recommends among them,
 * so counts at those bounds are exact.
 */
import { readVarint, writeVarint } from '#lib/stats/varint.ts';

/** 10 ms, seven times halved. */
export const MIN_MS = 10 / 2 ** 7;
export const MAX_MS = 3_600_000;
/** Buckets per doubling. */
const STEPS = 16;
export const BUCKETS = Math.ceil(STEPS * Math.log2(MAX_MS / MIN_MS)) + 1;
/** Relative error bound of a percentile between `MIN_MS` and `MAX_MS`. */
export const RELATIVE_ERROR = 2 ** (1 / (2 * STEPS)) - 1;

/** Of every histogram that has no sample yet; nothing is written into it. */
const NO_COUNTS = new Uint32Array(0);

export class Histogram {
  /** Made with the first sample: most histograms of a large configuration never get one. */
  #counts = NO_COUNTS;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(valueMs: number): void {
    if (this.#counts.length === 0) this.#counts = new Uint32Array(BUCKETS);
    const bucket = bucketOf(valueMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  /** Adds the samples of another one, of another gateway say. */
  merge(other: Histogram): void {
    if (other.#total === 0) return;
    if (this.#counts.length === 0) this.#counts = new Uint32Array(BUCKETS);
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

  /** Samples at or below each bound (ascending); exact where a bound is the edge of a bucket. */
  countsUpTo(boundsMs: readonly number[]): number[] {
    if (this.#total === 0) return boundsMs.map(() => 0);
    let bucket = 0;
    let seen = 0;
    return boundsMs.map((bound) => {
      const last = bucketOf(bound);
      for (; bucket <= last; bucket++) seen += this.#counts[bucket] ?? 0;
      return seen;
    });
  }

  /** Its samples in a few bytes: for each bucket that has any, the distance from the one before, and the count. */
  pack(): Uint8Array {
    if (this.#total === 0) return EMPTY;
    const bytes: number[] = [];
    let previous = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket] ?? 0;
      if (count === 0) continue;
      writeVarint(bytes, bucket - previous);
      writeVarint(bytes, count);
      previous = bucket;
    }
    return Uint8Array.from(bytes);
  }

  mergePacked(packed: Uint8Array): void {
    this.#applyPacked(packed, 1);
  }

  subtractPacked(packed: Uint8Array): void {
    this.#applyPacked(packed, -1);
  }

  /** What another version has written beyond the last bucket goes into the last. */
  #applyPacked(packed: Uint8Array, sign: 1 | -1): void {
    if (packed.length === 0) return;
    if (this.#counts.length === 0) this.#counts = new Uint32Array(BUCKETS);
    const cursor = { at: 0 };
    let bucket = 0;
    while (cursor.at < packed.length) {
      bucket = Math.min(BUCKETS - 1, bucket + readVarint(packed, cursor));
      const count = readVarint(packed, cursor) * sign;
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#total += count;
    }
  }
}

const EMPTY = new Uint8Array(0);

function bucketOf(valueMs: number): number {
  if (!(valueMs > MIN_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(STEPS * Math.log2(valueMs / MIN_MS)));
}

function middleOf(bucket: number): number {
  return bucket === 0 ? MIN_MS : MIN_MS * 2 ** ((bucket - 0.5) / STEPS);
}
