import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ActiveFault, planStrike } from '#lib/lab/fault-plan.ts';
import { seededRandom } from '#lib/lab/random.ts';

function fault(fields: Partial<ActiveFault>): ActiveFault {
  return { id: 'f', kind: 'error', rate: 1, status: 500, latencyMs: 0, endsAtMs: 1_000, ...fields };
}

const always = () => 0;

describe('planStrike', () => {
  it('strikes nothing without faults', () => {
    expect(planStrike([], 0, always)).toEqual({ ids: [], delayMs: 0, outcome: null });
  });

  it.each([
    [fault({ kind: 'error', status: 502 }), { kind: 'error', status: 502 }],
    [fault({ kind: 'rate_limit' }), { kind: 'rate_limit', status: 429 }],
    [fault({ kind: 'hang' }), { kind: 'hang' }],
    [fault({ kind: 'cut' }), { kind: 'cut' }],
    [fault({ kind: 'latency', latencyMs: 5 }), null],
  ])('makes of %j the outcome %j', (given, outcome) => {
    expect(planStrike([given], 0, always).outcome).toEqual(outcome);
  });

  it('lets no fault strike at or after its end', () => {
    expect(planStrike([fault({})], 999, always).ids).toEqual(['f']);
    expect(planStrike([fault({})], 1_000, always).ids).toEqual([]);
  });

  it('adds up delays and lets the first other fault decide', () => {
    const faults = [
      fault({ id: 'a', kind: 'latency', latencyMs: 100 }),
      fault({ id: 'b', kind: 'cut' }),
      fault({ id: 'c', kind: 'hang' }),
      fault({ id: 'd', kind: 'latency', latencyMs: 20 }),
    ];
    expect(planStrike(faults, 0, always)).toEqual({
      ids: ['a', 'b', 'd'],
      delayMs: 120,
      outcome: { kind: 'cut' },
    });
  });

  it('always strikes at rate 1 and never at rate 0, whatever is rolled', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (roll) => {
        expect(planStrike([fault({ rate: 1 })], 0, () => roll).ids).toEqual(['f']);
        expect(planStrike([fault({ rate: 0 })], 0, () => roll).ids).toEqual([]);
      }),
    );
  });

  it('strikes about the share of calls that its rate says', () => {
    const random = seededRandom(7);
    const calls = Array.from({ length: 10_000 }, () => planStrike([fault({ rate: 0.3 })], 0, random));
    const struck = calls.filter(({ ids }) => ids.length > 0).length;
    expect(struck).toBeGreaterThan(2_800);
    expect(struck).toBeLessThan(3_200);
  });
});
