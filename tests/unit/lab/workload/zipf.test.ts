import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#lib/lab/random.ts';
import { zipfSampler } from '#lib/lab/workload/zipf.ts';

/** Pearson's statistic of the drawn counts against the law's. */
function chiSquare(n: number, s: number, draws: number, seed: number): number {
  const draw = zipfSampler(n, s, seededRandom(seed));
  const counts = new Array<number>(n).fill(0);
  for (let i = 0; i < draws; i++) {
    const index = draw();
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const weights = counts.map((_, index) => (index + 1) ** -s);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return counts.reduce((sum, count, index) => {
    const expected = (draws * (weights[index] ?? 0)) / total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

describe('the Zipf sampler', () => {
  it.each([0, 0.7, 1, 1.5])('draws by the law for the exponent %d', (s) => {
    // 19 degrees of freedom: 43.8 is exceeded once in a thousand, and the seed is fixed.
    expect(chiSquare(20, s, 40_000, 11)).toBeLessThan(43.8);
  });

  it('stays within its bounds, and draws the same for the same seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.nat(),
        (n, s, seed) => {
          const [a, b] = [zipfSampler(n, s, seededRandom(seed)), zipfSampler(n, s, seededRandom(seed))];
          for (let i = 0; i < 50; i++) {
            const drawn = a();
            expect(drawn).toBe(b());
            expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('reaches both ends', () => {
    expect(zipfSampler(10, 1, () => 0)()).toBe(0);
    expect(zipfSampler(10, 1, () => 1 - Number.EPSILON)()).toBe(9);
  });
});
