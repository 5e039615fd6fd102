import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, percentile, rotate, spread } from '../../../bench/lib/stats.ts';

const samples = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b);

describe('percentile', () => {
  it('is the nearest rank', () => {
    // The worked example of the nearest-rank method.
    const sorted = [15, 20, 35, 40, 50];
    expect([5, 30, 40, 50, 100].map((percent) => percentile(sorted, percent))).toEqual([15, 20, 20, 35, 50]);
  });

  it('takes typed arrays', () => {
    expect(percentile(Float64Array.of(1, 2, 3, 4), 99)).toBe(4);
  });

  it('is a sample that at least that share of the samples does not exceed, and the smallest such', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const sorted = ascending(values);
        const value = percentile(sorted, percent);
        const upTo = sorted.filter((each) => each <= value).length;
        const below = sorted.filter((each) => each < value).length;
        expect(values).toContain(value);
        expect(upTo * 100).toBeGreaterThanOrEqual(percent * values.length);
        expect(below * 100).toBeLessThan(percent * values.length);
      }),
    );
  });

  it('refuses no samples and shares out of range', () => {
    expect(() => percentile([], 50)).toThrow(RangeError);
    for (const percent of [0, -1, 100.1, Number.NaN])
      expect(() => percentile([1], percent)).toThrow(RangeError);
  });
});

describe('median', () => {
  it('is the middle sample of an odd number of them, in any order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the two middle ones of an even number', () => {
    expect(median([10, 1, 4, 2])).toBe(3);
  });

  it('leaves its argument as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('refuses no samples', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('spread', () => {
  it('gives the median between the lowest and the highest', () => {
    expect(spread([3, 1, 8])).toEqual({ median: 3, min: 1, max: 8 });
  });

  it('is null, and no number, without samples', () => {
    expect(spread([])).toBeNull();
  });
});

describe('rotate', () => {
  it('starts each round with the next item', () => {
    expect([0, 1, 2, 3].map((round) => rotate(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
  });

  it('keeps an empty list', () => {
    expect(rotate([], 3)).toEqual([]);
  });
});
