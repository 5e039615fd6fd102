import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivals, rateAt } from '#lib/lab/workload/arrivals.ts';

const settings = (shape: 'steady' | 'day' | 'bursts', more: object = {}) => ({
  shape,
  rate_per_s: 20,
  day_s: 60,
  day_begun: 0,
  seed: 7,
  ...more,
});

function until(endMs: number, given: ReturnType<typeof settings>): number[] {
  const times: number[] = [];
  for (const at of arrivals(given)) {
    if (at >= endMs) return times;
    times.push(at);
  }
  return times;
}

describe.each(['steady', 'day', 'bursts'] as const)('arrivals of the shape %s', (shape) => {
  it('ascend, are the same for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4_294_967_295 }), (seed) => {
        const times = until(20_000, settings(shape, { seed }));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(until(20_000, settings(shape, { seed }))).toEqual(times);
        expect(until(20_000, settings(shape, { seed: seed + 1 }))).not.toEqual(times);
      }),
      { numRuns: 20 },
    );
  });

  it('come at the mean rate that was asked for', () => {
    // 600 s at 20/s are 12,000; four standard deviations of a Poisson count are 438.
    const count = until(600_000, settings(shape)).length;
    expect(Math.abs(count - 12_000)).toBeLessThan(438);
  });

  it('have that rate as the mean over a period too, in the plan itself', () => {
    const steps = 60_000;
    let sum = 0;
    for (let step = 0; step < steps; step++) sum += rateAt((step / steps) * 600_000, settings(shape));
    expect(sum / steps).toBeCloseTo(20, 0);
  });
});

describe('the daily curve', () => {
  it('is low at night, and has peaks in the morning and in the afternoon', () => {
    const at = (hour: number) => rateAt((hour / 24) * 60_000, settings('day'));
    expect(at(3)).toBeLessThan(at(10) / 5);
    expect(at(10)).toBeGreaterThan(at(13));
    expect(at(15)).toBeGreaterThan(at(13));
    expect(at(24)).toBeCloseTo(at(0));
  });
});
