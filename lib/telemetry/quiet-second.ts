/**
 * A second, or a minute, in which scopes counted nothing: one bucket for all that look the same, so that what nobody calls keeps no
 * seconds of its own.
 */
import { type Bucket, type ScopeKind, SHAPES } from '#lib/telemetry/bucket.ts';

const NOTHING = new Uint8Array(0);

export class QuietSecond {
  readonly #atMs: number;
  readonly #measuredMs: number;
  /** By kind and gauges; as many as there are sets of limits, beside those whose gauges move. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(atMs: number, measuredMs: number) {
    this.#atMs = atMs;
    this.#measuredMs = measuredMs;
  }

  bucketOf(kind: ScopeKind, gauges: Float64Array): Bucket {
    const key = gauges.length === 0 ? kind : `${kind} ${gauges.join(' ')}`;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const { counters, histograms } = SHAPES[kind];
    const bucket: Bucket = {
      atMs: this.#atMs,
      measuredMs: this.#measuredMs,
      counts: counters.map(() => 0),
      gauges: [...gauges],
      histograms: histograms.map(() => NOTHING),
    };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
