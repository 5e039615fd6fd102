/**
 * What one scope measures in the running second, at constant cost per sample; `seal` ends the second. Beside it the
 * totals since the start, for Prometheus, which cost nothing per sample.
 */
import { Histogram } from '#lib/stats/histogram.ts';
import { type Bucket, type ScopeKind, SHAPES, type Shape } from '#lib/telemetry/bucket.ts';
import type { QuietSecond } from '#lib/telemetry/quiet-second.ts';

/** OpenTelemetry's bounds for durations of generative AI, and finer ones below them, in milliseconds. */
export const BOUNDS_MS: readonly number[] = Array.from({ length: 20 }, (_, index) => 10 * 2 ** (index - 6));

export interface HistogramTotals {
  /** Samples at or below each of `BOUNDS_MS`. */
  readonly upTo: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

export class Meter {
  readonly #kind: ScopeKind;
  readonly #shape: Shape;
  /** Something was counted in the running second. */
  #isTouched = false;
  /** Something was counted since the start. */
  #isUsed = false;
  readonly #counts: Float64Array;
  readonly #gauges: Float64Array;
  readonly #histograms: readonly Histogram[];
  readonly #sumsMs: Float64Array;
  readonly #pastCounts: Float64Array;
  readonly #pastUpTo: readonly Float64Array[];
  readonly #pastSamples: Float64Array;

  constructor(kind: ScopeKind) {
    this.#kind = kind;
    this.#shape = SHAPES[kind];
    const { counters, gauges, histograms } = this.#shape;
    this.#counts = new Float64Array(counters.length);
    this.#gauges = new Float64Array(gauges.length);
    this.#histograms = histograms.map(() => new Histogram());
    this.#sumsMs = new Float64Array(histograms.length);
    this.#pastCounts = new Float64Array(counters.length);
    this.#pastUpTo = histograms.map(() => new Float64Array(BOUNDS_MS.length));
    this.#pastSamples = new Float64Array(histograms.length);
  }

  /** Something was counted since the start; gauges do not count. */
  get isUsed(): boolean {
    return this.#isUsed || this.#isTouched;
  }

  /** @param counter its place in the shape */
  count(counter: number, by = 1): void {
    this.#isTouched = true;
    this.#counts[counter] = (this.#counts[counter] ?? 0) + by;
  }

  gauge(gauge: number, value: number): void {
    this.#gauges[gauge] = value;
  }

  observe(histogram: number, valueMs: number): void {
    this.#isTouched = true;
    this.#histograms[histogram]?.add(valueMs);
    this.#sumsMs[histogram] = (this.#sumsMs[histogram] ?? 0) + valueMs;
  }

  /**
   * Ends the running stretch of time and begins the next.
   * @param quiet has the bucket of a stretch in which nothing was counted
   */
  seal(atMs: number, measuredMs: number, quiet?: QuietSecond): Bucket {
    if (!this.#isTouched && quiet !== undefined) return quiet.bucketOf(this.#kind, this.#gauges);
    this.#isUsed = this.isUsed;
    this.#isTouched = false;
    const bucket: Bucket = {
      atMs,
      measuredMs,
      counts: [...this.#counts],
      gauges: [...this.#gauges],
      histograms: this.#histograms.map((histogram) => histogram.pack()),
    };
    this.#counts.forEach((count, index) => {
      this.#pastCounts[index] = (this.#pastCounts[index] ?? 0) + count;
    });
    this.#counts.fill(0);
    for (const [index, histogram] of this.#histograms.entries()) this.#sealHistogram(histogram, index);
    return bucket;
  }

  /** Counts since the start, the running second included. */
  countTotals(): Record<string, number> {
    return Object.fromEntries(
      this.#shape.counters.map((name, index) => [
        name,
        (this.#pastCounts[index] ?? 0) + (this.#counts[index] ?? 0),
      ]),
    );
  }

  histogramTotals(name: string): HistogramTotals {
    const index = this.#shape.histograms.indexOf(name);
    const running = this.#histograms[index];
    const past = this.#pastUpTo[index];
    if (running === undefined || past === undefined) throw new RangeError(`no histogram ${name}`);
    return {
      upTo: running.countsUpTo(BOUNDS_MS).map((count, bound) => count + (past[bound] ?? 0)),
      count: running.total + (this.#pastSamples[index] ?? 0),
      sumMs: this.#sumsMs[index] ?? 0,
    };
  }

  #sealHistogram(histogram: Histogram, index: number): void {
    if (histogram.total === 0) return;
    const past = this.#pastUpTo[index];
    histogram.countsUpTo(BOUNDS_MS).forEach((count, bound) => {
      if (past !== undefined) past[bound] = (past[bound] ?? 0) + count;
    });
    this.#pastSamples[index] = (this.#pastSamples[index] ?? 0) + histogram.total;
    histogram.clear();
  }
}
