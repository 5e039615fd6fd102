/**
 * How good forecasts were, over the same origins:
 *
 *   MAE      mean |actual - point|
 *   MASE     MAE over the mean |x[t] - x[t - m]| of the history before the first origin (Hyndman and Koehler, 2006)
 *   pinball  mean of 0.9 (actual - q) where the actual is above the 0.9 quantile q, of 0.1 (q - actual) elsewhere
 *   coverage share of actuals within the band
 *   skill    1 - pinball / pinball of the last value
 */

export const PINBALL_LEVEL = 0.9;

export interface Predicted {
  readonly point: number;
  readonly lower: number;
  readonly upper: number;
  /** The 0.9 quantile. */
  readonly q90: number;
}

export interface Score {
  readonly origins: number;
  readonly mae: number | null;
  readonly pinball_90: number | null;
  /** Of the 90 % band, 0..1. */
  readonly coverage_90: number | null;
}

export function pinball(level: number, actual: number, quantile: number): number {
  return actual > quantile ? level * (actual - quantile) : (1 - level) * (quantile - actual);
}

/** Sums of what was predicted and what came; with a window, of the last of them only. */
export class Scorer {
  readonly #window: number;
  readonly #rows: { error: number; pinball: number; within: number }[] = [];
  #error = 0;
  #pinball = 0;
  #within = 0;

  constructor(window = Number.POSITIVE_INFINITY) {
    this.#window = window;
  }

  add(predicted: Predicted, actual: number): void {
    const row = {
      error: Math.abs(actual - predicted.point),
      pinball: pinball(PINBALL_LEVEL, actual, predicted.q90),
      within: actual >= predicted.lower && actual <= predicted.upper ? 1 : 0,
    };
    this.#rows.push(row);
    this.#count(row, 1);
    const oldest = this.#rows.length > this.#window ? this.#rows.shift() : undefined;
    if (oldest !== undefined) this.#count(oldest, -1);
  }

  get score(): Score {
    const origins = this.#rows.length;
    const mean = (sum: number) => (origins === 0 ? null : Math.max(0, sum) / origins);
    return {
      origins,
      mae: mean(this.#error),
      pinball_90: mean(this.#pinball),
      coverage_90: mean(this.#within),
    };
  }

  #count(row: { error: number; pinball: number; within: number }, sign: 1 | -1): void {
    this.#error += sign * row.error;
    this.#pinball += sign * row.pinball;
    this.#within += sign * row.within;
  }
}

/** 1 is perfect, 0 as good as the reference, below it worse; null where it cannot be said. */
export function skillOf(ours: number | null, reference: number | null): number | null {
  return ours === null || reference === null || reference === 0 ? null : 1 - ours / reference;
}

/** Mean |x[t] - x[t - lag]| over the first `until` values; null without any pair. */
export function naiveError(values: Float64Array, lag: number, until: number): number | null {
  let sum = 0;
  let pairs = 0;
  for (let at = lag; at < Math.min(until, values.length); at += 1) {
    const error = Math.abs((values[at] ?? Number.NaN) - (values[at - lag] ?? Number.NaN));
    if (Number.isNaN(error)) continue;
    sum += error;
    pairs += 1;
  }
  return pairs === 0 ? null : sum / pairs;
}
