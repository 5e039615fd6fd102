import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, RELATIVE_ERROR } from '#lib/stats/histogram.ts';

const latency = fc.double({ min: 0.11, max: 3_000_000, noNaN: true });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

describe('the latency histogram', () => {
  it('finds every percentile within its relative error', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (values, share) => {
          const exact =
            values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? Number.NaN;
          const found = histogramOf(values).percentiles([share])[0] ?? Number.NaN;
          expect(Math.abs(found - exact) / exact).toBeLessThanOrEqual(RELATIVE_ERROR + 1e-9);
        },
      ),
    );
  });

  it('is what it was when samples are taken out again', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (kept, gone) => {
        const histogram = histogramOf([...kept, ...gone]);
        histogram.subtract(histogramOf(gone));
        const shares = [0.1, 0.5, 0.9, 0.99];
        expect(histogram.percentiles(shares)).toEqual(histogramOf(kept).percentiles(shares));
      }),
    );
  });

  it('is the same merged from parts as filled at once', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (some, others) => {
        const merged = histogramOf(some);
        merged.merge(histogramOf(others));
        const whole = histogramOf([...some, ...others]);
        const shares = [0.1, 0.5, 0.9, 0.99];
        expect(merged.total).toBe(whole.total);
        expect(merged.percentiles(shares)).toEqual(whole.percentiles(shares));
      }),
    );
  });

  it('adds up to the same in whatever order parts are merged', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), fc.array(latency), (a, b, c) => {
        const left = histogramOf(a);
        left.merge(histogramOf(b));
        left.merge(histogramOf(c));
        const right = histogramOf(b);
        right.merge(histogramOf(c));
        right.merge(histogramOf(a));
        expect(left.pack()).toEqual(right.pack());
      }),
    );
  });

  it('survives packing, and is what it was when a packed one is merged and taken out again', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (some, others) => {
        const histogram = new Histogram();
        histogram.mergePacked(histogramOf(some).pack());
        expect(histogram.pack()).toEqual(histogramOf(some).pack());
        histogram.mergePacked(histogramOf(others).pack());
        expect(histogram.pack()).toEqual(histogramOf([...some, ...others]).pack());
        histogram.subtractPacked(histogramOf(some).pack());
        expect(histogram.pack()).toEqual(histogramOf(others).pack());
        expect(histogram.total).toBe(others.length);
      }),
    );
  });

  it('counts exactly at the bounds that OpenTelemetry recommends', () => {
    const bounds = Array.from({ length: 14 }, (_, index) => 10 * 2 ** index);
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(latency, fc.constantFrom(...bounds), fc.constantFrom(...bounds.map((b) => b * 1.0001))),
        ),
        (values) => {
          expect(histogramOf(values).countsUpTo(bounds)).toEqual(
            bounds.map((bound) => values.filter((value) => value <= bound).length),
          );
        },
      ),
    );
  });

  it('has nothing to say without samples, and takes any sample', () => {
    expect(new Histogram().percentiles([0.5])).toEqual([null]);
    expect(new Histogram().pack()).toHaveLength(0);
    expect(histogramOf([0, -1, Number.NaN, 1e12, Number.POSITIVE_INFINITY]).total).toBe(5);
  });
});
