/**
 * Rows of a minute, for seven days, in the store. The running minute is kept in memory and written every few seconds;
 * what a process before this one wrote of the same minute is taken up and added to. A component that was not called in a
 * minute has no row of it: of very many components most have none.
 */
import { KEPT_DAYS, MINUTE_S } from '#lib/contracts/history.ts';
import type { MinuteRow, MinuteStore } from '#lib/store/minute-store.ts';
import { type Bucket, BucketSum, type ScopeKind, SHAPES } from '#lib/telemetry/bucket.ts';
import { decodeBucket, encodeBucket } from '#lib/telemetry/bucket-codec.ts';
import { QuietSecond } from '#lib/telemetry/quiet-second.ts';

/** What a kill may lose. */
const WRITE_EVERY_S = 10;
/** Rows that are read before requests get their turn. */
const PAGE_ROWS = 250;
/** Has a row for every minute in which anything was measured. */
const WITNESS = 'process';
const NO_GAUGES = new Float64Array(0);

export class Minutes {
  readonly #store: MinuteStore;
  readonly #running = new Map<string, BucketSum>();
  #minuteS = 0;
  /** What was measured of the running minute. */
  #measuredMs = 0;
  #unwrittenS = 0;

  constructor(store: MinuteStore) {
    this.#store = store;
  }

  /** Takes the sealed second of every scope. */
  add(atMs: number, buckets: ReadonlyMap<string, Bucket>): void {
    const minuteS = Math.floor(atMs / 1_000 / MINUTE_S) * MINUTE_S;
    if (minuteS !== this.#minuteS) this.#begin(minuteS);
    for (const [scope, bucket] of buckets) {
      if (this.#running.has(scope) || !isNothing(bucket)) this.#sumOf(scope)?.add(bucket);
    }
    this.#measuredMs += buckets.get(WITNESS)?.measuredMs ?? 0;
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
    const kind = kindOf(scope);
    if (kind === null) return;
    // Of what has no gauges a minute in which nothing happened has no row.
    const isSparse = SHAPES[kind].gauges.length === 0;
    let fromS = Math.ceil(fromMs / 1_000 / MINUTE_S) * MINUTE_S;
    const toS = Math.ceil(toMs / 1_000);
    for (;;) {
      const rows = this.#store.read(isSparse ? WITNESS : scope, fromS, toS, PAGE_ROWS);
      const last = rows.at(-1);
      if (last === undefined) break;
      const nextS = last.minuteS + MINUTE_S;
      const own = isSparse
        ? new Map(this.#store.read(scope, fromS, nextS, PAGE_ROWS).map((row) => [row.minuteS, row]))
        : null;
      for (const row of rows) {
        if (row.minuteS === this.#minuteS) continue;
        const bucket = own === null ? bucketOf(row) : bucketOrQuiet(own.get(row.minuteS), row, kind);
        if (bucket !== null) yield bucket;
      }
      if (rows.length < PAGE_ROWS) break;
      fromS = nextS;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const runningMs = this.#minuteS * 1_000;
    if (this.#measuredMs === 0 || runningMs < fromMs || runningMs >= toMs) return;
    const running = this.#running.get(scope);
    if (running !== undefined) yield running.bucket(runningMs);
    else if (isSparse) yield new QuietSecond(runningMs, this.#measuredMs).bucketOf(kind, NO_GAUGES);
  }

  #begin(minuteS: number): void {
    if (this.#running.size > 0) this.write();
    this.#running.clear();
    this.#minuteS = minuteS;
    this.#unwrittenS = 0;
    this.#measuredMs = 0;
    const rows = this.#store.at(minuteS);
    for (const row of rows) {
      const bucket = bucketOf(row);
      if (bucket !== null) this.#sumOf(row.scope)?.add(bucket);
    }
    this.#measuredMs = rows.find(({ scope }) => scope === WITNESS)?.measuredMs ?? 0;
    this.#store.prune(minuteS - KEPT_DAYS * 86_400);
  }

  #sumOf(scope: string): BucketSum | undefined {
    const known = this.#running.get(scope);
    if (known !== undefined) return known;
    const kind = kindOf(scope);
    if (kind === null) return undefined;
    const sum = new BucketSum(kind);
    // Until now it was quiet.
    if (SHAPES[kind].gauges.length === 0) sum.measuredMs = this.#measuredMs;
    this.#running.set(scope, sum);
    return sum;
  }
}

function bucketOf({ minuteS, measuredMs, body }: MinuteRow): Bucket | null {
  return decodeBucket(body, minuteS * 1_000, measuredMs);
}

/** @param witness tells how much of that minute was measured */
function bucketOrQuiet(own: MinuteRow | undefined, witness: MinuteRow, kind: ScopeKind): Bucket | null {
  if (own !== undefined) return bucketOf(own);
  return new QuietSecond(witness.minuteS * 1_000, witness.measuredMs).bucketOf(kind, NO_GAUGES);
}

function kindOf(scope: string): ScopeKind | null {
  const kind = scope.split(':', 1)[0] ?? '';
  return Object.hasOwn(SHAPES, kind) ? (kind as ScopeKind) : null;
}

function isNothing({ counts, gauges, histograms }: Bucket): boolean {
  return (
    gauges.length === 0 &&
    counts.every((count) => count === 0) &&
    histograms.every(({ length }) => length === 0)
  );
}
