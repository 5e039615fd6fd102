/**
 * What was measured in a stretch of time, and how stretches add up: counts are summed, gauges averaged over time,
 * histograms merged. Rates and percentiles are made from sums only, never from other rates or percentiles.
 */
import { answerKinds } from '#lib/contracts/requests.ts';
import { Histogram } from '#lib/stats/histogram.ts';

export interface Shape {
  readonly counters: readonly string[];
  readonly gauges: readonly string[];
  readonly histograms: readonly string[];
}

/** Stored rows go by position: new names go to the end of their list. */
export const SHAPES = {
  gateway: {
    counters: [...answerKinds, 'tokens_in', 'tokens_out'],
    gauges: ['slots_in_use', 'slots_queued', 'slots'],
    histograms: ['latency', 'first_byte', 'added'],
  },
  component: { counters: ['calls', 'failures', 'calls_refused'], gauges: [], histograms: ['call'] },
  upstream: { counters: [], gauges: ['in_flight', 'queued', 'capacity'], histograms: [] },
  cache: {
    counters: [
      'cache_hit_memory',
      'cache_hit_redis',
      'cache_stale',
      'cache_coalesced',
      'cache_miss',
      'cache_bypass',
      'cache_evicted',
      'cache_checks',
      'cache_wrong_hits',
    ],
    gauges: ['cache_bytes', 'cache_entries'],
    histograms: [],
  },
  process: { counters: [], gauges: ['loop_delay_p99_ms', 'cpu_percent', 'rss_mb'], histograms: [] },
} as const satisfies Record<string, Shape>;

export type ScopeKind = keyof typeof SHAPES;

export interface Bucket {
  /** Its beginning, epoch milliseconds. */
  readonly atMs: number;
  /** How much of it was measured, by the monotonic clock. */
  readonly measuredMs: number;
  readonly counts: readonly number[];
  readonly gauges: readonly number[];
  /** Packed. */
  readonly histograms: readonly Uint8Array[];
}

export class BucketSum {
  readonly kind: ScopeKind;
  measuredMs = 0;
  readonly #shape: Shape;
  readonly #counts: number[];
  /** Values times the milliseconds that they stand for. */
  readonly #gauges: number[];
  /** Made when there is something to put in. */
  readonly #histograms: (Histogram | undefined)[] = [];

  constructor(kind: ScopeKind) {
    this.kind = kind;
    this.#shape = SHAPES[kind];
    this.#counts = this.#shape.counters.map(() => 0);
    this.#gauges = this.#shape.gauges.map(() => 0);
  }

  add(bucket: Bucket): void {
    this.#apply(bucket, 1);
    bucket.histograms.forEach((packed, index) => {
      if (packed.length === 0) return;
      const histogram = this.#histograms[index] ?? new Histogram();
      this.#histograms[index] = histogram;
      histogram.mergePacked(packed);
    });
  }

  /** Takes a bucket out again that was added before. */
  subtract(bucket: Bucket): void {
    this.#apply(bucket, -1);
    bucket.histograms.forEach((packed, index) => {
      this.#histograms[index]?.subtractPacked(packed);
    });
  }

  count(name: string): number {
    return this.#counts[this.#shape.counters.indexOf(name)] ?? 0;
  }

  /** The mean over time; null when nothing was measured. */
  gauge(name: string): number | null {
    const index = this.#shape.gauges.indexOf(name);
    return this.measuredMs === 0 ? null : (this.#gauges[index] ?? 0) / this.measuredMs;
  }

  /** Milliseconds at the given shares (ascending); null without samples. */
  percentiles(name: string, shares: readonly number[]): (number | null)[] {
    const histogram = this.#histograms[this.#shape.histograms.indexOf(name)];
    return histogram?.percentiles(shares) ?? shares.map(() => null);
  }

  bucket(atMs: number): Bucket {
    return {
      atMs,
      measuredMs: this.measuredMs,
      counts: [...this.#counts],
      gauges: this.#gauges.map((total) => (this.measuredMs === 0 ? 0 : total / this.measuredMs)),
      histograms: this.#shape.histograms.map((_, index) => this.#histograms[index]?.pack() ?? NOTHING),
    };
  }

  #apply({ measuredMs, counts, gauges }: Bucket, sign: 1 | -1): void {
    this.measuredMs += sign * measuredMs;
    counts.forEach((count, index) => {
      this.#counts[index] = (this.#counts[index] ?? 0) + sign * count;
    });
    gauges.forEach((value, index) => {
      this.#gauges[index] = (this.#gauges[index] ?? 0) + sign * value * measuredMs;
    });
  }
}

const NOTHING = new Uint8Array(0);
