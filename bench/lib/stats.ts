/** Order statistics. Nothing here assumes a distribution: latencies have long tails. */

/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/**
 * Nearest-rank percentile: the smallest sample that at least `percent` of all samples do not exceed. It is always
 * a value that was measured, never one between two.
 *
 * @param sorted ascending
 * @param percent 0 < percent <= 100
 * @throws RangeError without samples, or when `percent` is out of range
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  if (!(percent > 0 && percent <= 100))
    throw new RangeError(`percent must be above 0 and at most 100: ${percent}`);
  const value = sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1];
  if (value === undefined) throw new RangeError('a percentile needs at least one sample');
  return value;
}

/**
 * The middle sample, or the mean of the two middle ones.
 *
 * @throws RangeError without samples
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('a median needs at least one sample');
  return (lower + upper) / 2;
}

/** @returns null without samples, so that a measurement that failed is not shown as a number */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The order of the targets in a round: rotated by one each round, so that none always runs first, or always right
 * after the same other one's garbage.
 */
export function rotate<T>(items: readonly T[], round: number): T[] {
  if (items.length === 0) return [];
  const start = round % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
