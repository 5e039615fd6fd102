import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bucket, BucketSum, type ScopeKind, SHAPES } from '#lib/telemetry/bucket.ts';
import { decodeBucket, encodeBucket } from '#lib/telemetry/bucket-codec.ts';
import { Meter } from '#lib/telemetry/meter.ts';

const kinds = Object.keys(SHAPES) as ScopeKind[];

/** A bucket as a meter makes it. */
function bucketOf(kind: ScopeKind, samples: readonly number[], measuredMs: number): Bucket {
  const meter = new Meter(kind);
  const { counters, gauges, histograms } = SHAPES[kind];
  samples.forEach((sample, index) => {
    if (counters.length > 0) meter.count(index % counters.length, index);
    if (histograms.length > 0) meter.observe(index % histograms.length, sample);
    if (gauges.length > 0) meter.gauge(index % gauges.length, Math.round(sample));
  });
  return meter.seal(0, measuredMs);
}

const arbitraryBucket = (kind: ScopeKind) =>
  fc
    .tuple(fc.array(fc.double({ min: 0.1, max: 100_000, noNaN: true })), fc.integer({ min: 1, max: 5_000 }))
    .map(([samples, measuredMs]) => bucketOf(kind, samples, measuredMs));

describe.each(kinds)('buckets of a %s', (kind) => {
  it('add up to the same however they are grouped', () => {
    const bucket = arbitraryBucket(kind);
    fc.assert(
      fc.property(bucket, bucket, bucket, (a, b, c) => {
        const left = new BucketSum(kind);
        for (const each of [a, b, c]) left.add(each);
        const inner = new BucketSum(kind);
        inner.add(b);
        inner.add(c);
        const right = new BucketSum(kind);
        right.add(a);
        right.add(inner.bucket(0));
        expect(close(right.bucket(0))).toEqual(close(left.bucket(0)));
      }),
    );
  });

  it('are gone when they are taken out again', () => {
    const bucket = arbitraryBucket(kind);
    fc.assert(
      fc.property(bucket, bucket, (kept, gone) => {
        const sum = new BucketSum(kind);
        for (const each of [kept, gone]) sum.add(each);
        sum.subtract(gone);
        const alone = new BucketSum(kind);
        alone.add(kept);
        expect(close(sum.bucket(0))).toEqual(close(alone.bucket(0)));
      }),
    );
  });

  it('survive being written down', () => {
    fc.assert(
      fc.property(arbitraryBucket(kind), (bucket) => {
        expect(close(decodeBucket(encodeBucket(bucket), 0, bucket.measuredMs))).toEqual(close(bucket));
      }),
    );
  });

  it('of another version are not read', () => {
    expect(decodeBucket(Uint8Array.of(99, 1, 2), 0, 1)).toBeNull();
    expect(decodeBucket(new Uint8Array(), 0, 1)).toBeNull();
  });
});

/** Gauges are means, and means of means differ in the last digits. */
function close(bucket: Bucket | null) {
  return bucket && { ...bucket, gauges: bucket.gauges.map((gauge) => Math.round(gauge * 100) / 100) };
}

describe('a meter', () => {
  it('keeps totals over seconds, the running one included', () => {
    const meter = new Meter('component');
    meter.count(0, 2);
    meter.observe(0, 15);
    meter.seal(0, 1_000);
    meter.count(0);
    meter.observe(0, 100_000);
    expect(meter.countTotals().calls).toBe(3);
    const totals = meter.histogramTotals('call');
    expect(totals.count).toBe(2);
    expect(totals.sumMs).toBe(100_015);
    // 15 ms is above 10 ms and at most 20 ms; 100 s is beyond the last bound.
    expect(totals.upTo.slice(5, 9)).toEqual([0, 0, 1, 1]);
    expect(totals.upTo.at(-1)).toBe(1);
  });
});
