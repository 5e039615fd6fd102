/**
 * Rows of a minute, for seven days, in the store. The running minute is kept in memory and written every few seconds;
 * what a process before this one wrote of the same minute is taken up and added to.
 */
import { KEPT_DAYS, MINUTE_S } from '#lib/contracts/history.ts';
import type { MinuteRow, MinuteStore } from '#lib/store/minute-store.ts';
import { type Bucket, BucketSum, type ScopeKind, SHAPES } from '#lib/telemetry/bucket.ts';
import { decodeBucket, encodeBucket } from '#lib/telemetry/bucket-codec.ts';

/** What a kill may lose. */
const WRITE_EVERY_S = 10;
/** Rows that are read before requests get their turn. */
const PAGE_ROWS = 250;

export class Minutes {
  readonly #store: MinuteStore;
  readonly #running = new Map<string, BucketSum>();
  #minuteS = 0;
  #unwrittenS = 0;

  constructor(store: MinuteStore) {
    this.#store = store;
  }

  /** Takes the sealed second of every scope. */
  add(atMs: number, buckets: ReadonlyMap<string, Bucket>): void {
    const minuteS = Math.floor(atMs / 1_000 / MINUTE_S) * MINUTE_S;
    if (minuteS !== this.#minuteS) this.#begin(minuteS);
    for (const [scope, bucket] of buckets) this.#sumOf(scope)?.add(bucket);
    this.#unwrittenS += 1;
    if (this.#unwrittenS >= WRITE_EVERY_S) this.write();
  }

  write(): void {
    this.#unwrittenS = 0;
    const atMs = this.#minuteS * 1_000;
    this.#store.write(
      [...this.#running].map(([scope, sum]) => ({
        minuteS: this.#minuteS,
        scope,
        measuredMs: sum.measuredMs,
        body: encodeBucket(sum.bucket(atMs)),
      })),
    );
  }

  /** The minutes of a scope that begin from `fromMs` until before `toMs`, oldest first, the running one last. */
  async *read(scope: string, fromMs: number, toMs: number): AsyncGenerator<Bucket> {
    let fromS = Math.ceil(fromMs / 1_000 / MINUTE_S) * MINUTE_S;
    const toS = Math.ceil(toMs / 1_000);
    for (;;) {
      const rows = this.#store.read(scope, fromS, toS, PAGE_ROWS);
      for (const row of rows) {
        const bucket = row.minuteS === this.#minuteS ? null : bucketOf(row);
        if (bucket !== null) yield bucket;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ROWS) break;
      fromS = last.minuteS + MINUTE_S;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const running = this.#running.get(scope);
    const runningMs = this.#minuteS * 1_000;
    if (running !== undefined && runningMs >= fromMs && runningMs < toMs) yield running.bucket(runningMs);
  }

  #begin(minuteS: number): void {
    if (this.#running.size > 0) this.write();
    this.#running.clear();
    this.#minuteS = minuteS;
    this.#unwrittenS = 0;
    for (const row of this.#store.at(minuteS)) {
      const bucket = bucketOf(row);
      if (bucket !== null) this.#sumOf(row.scope)?.add(bucket);
    }
    this.#store.prune(minuteS - KEPT_DAYS * 86_400);
  }

  #sumOf(scope: string): BucketSum | undefined {
    const known = this.#running.get(scope);
    if (known !== undefined) return known;
    const kind = kindOf(scope);
    if (kind === null) return undefined;
    const sum = new BucketSum(kind);
    this.#running.set(scope, sum);
    return sum;
  }
}

function bucketOf({ minuteS, measuredMs, body }: MinuteRow): Bucket | null {
  return decodeBucket(body, minuteS * 1_000, measuredMs);
}

function kindOf(scope: string): ScopeKind | null {
  const kind = scope.split(':', 1)[0] ?? '';
  return Object.hasOwn(SHAPES, kind) ? (kind as ScopeKind) : null;
}
