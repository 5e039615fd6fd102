/** All that is measured of one scope: the running second and the last 15 minutes. */
import { type Bucket, BucketSum, type ScopeKind } from '#lib/telemetry/bucket.ts';
import { Meter } from '#lib/telemetry/meter.ts';
import type { QuietSecond } from '#lib/telemetry/quiet-second.ts';
import { SecondRing } from '#lib/telemetry/second-ring.ts';

export const MINUTE_WINDOW_S = 60;

export class Scope {
  readonly kind: ScopeKind;
  /** `gateway`, `process`, `component:NAME`, `upstream:NAME`. */
  readonly key: string;
  readonly meter: Meter;
  readonly ring: SecondRing;

  constructor(kind: ScopeKind, name: string) {
    this.kind = kind;
    this.key = name === '' ? kind : `${kind}:${name}`;
    this.meter = new Meter(kind);
    this.ring = new SecondRing(kind);
  }

  seal(atMs: number, measuredMs: number, quiet: QuietSecond): Bucket {
    const bucket = this.meter.seal(atMs, measuredMs, quiet);
    this.ring.push(bucket);
    return bucket;
  }
}

/** One whose sums over sliding windows are kept up to date as seconds come and go. */
export class SummedScope extends Scope {
  /** The last 60 sealed seconds, and the last 900. */
  readonly lastMinute: BucketSum;
  readonly recent: BucketSum;

  constructor(kind: ScopeKind, name: string) {
    super(kind, name);
    this.lastMinute = new BucketSum(kind);
    this.recent = new BucketSum(kind);
  }

  override seal(atMs: number, measuredMs: number, quiet: QuietSecond): Bucket {
    const bucket = this.meter.seal(atMs, measuredMs, quiet);
    const gone = this.ring.push(bucket);
    const fromMinute = this.ring.back(MINUTE_WINDOW_S);
    this.lastMinute.add(bucket);
    this.recent.add(bucket);
    if (fromMinute !== undefined) this.lastMinute.subtract(fromMinute);
    if (gone !== undefined) this.recent.subtract(gone);
    return bucket;
  }
}
