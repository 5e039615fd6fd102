/** The last 15 minutes of one scope, second by second; the oldest is overwritten. */
import { RECENT_S } from '#lib/contracts/history.ts';
import { type Bucket, BucketSum, type ScopeKind } from '#lib/telemetry/bucket.ts';

export class SecondRing {
  readonly #kind: ScopeKind;
  readonly #buckets: Bucket[] = [];
  #next = 0;

  constructor(kind: ScopeKind) {
    this.#kind = kind;
  }

  /** Answers the bucket that had to go. */
  push(bucket: Bucket): Bucket | undefined {
    const gone = this.#buckets[this.#next];
    this.#buckets[this.#next] = bucket;
    this.#next = (this.#next + 1) % RECENT_S;
    return gone;
  }

  /** The bucket that came in so many before the newest; 0 is the newest itself. */
  back(count: number): Bucket | undefined {
    return count >= RECENT_S ? undefined : this.#buckets[(this.#next - 1 - count + 2 * RECENT_S) % RECENT_S];
  }

  /** Where its oldest bucket begins; infinity when there is none. A wall clock that was set back leaves no order. */
  get oldestMs(): number {
    return this.#buckets.reduce((oldest, { atMs }) => Math.min(oldest, atMs), Number.POSITIVE_INFINITY);
  }

  /** Those that begin from `fromMs` until before `toMs`, in no order. */
  between(fromMs: number, toMs: number): Bucket[] {
    return this.#buckets.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  }

  sum(fromMs: number, toMs: number): BucketSum {
    const sum = new BucketSum(this.#kind);
    for (const bucket of this.between(fromMs, toMs)) sum.add(bucket);
    return sum;
  }
}
