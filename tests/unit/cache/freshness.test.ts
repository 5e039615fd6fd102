import { describe, expect, it } from 'vitest';
import { ageMsOf, freshnessOf, mayServeDuringRefresh } from '#lib/cache/freshness.ts';
import { seededRandom } from '#lib/lab/random.ts';
import { entryOf } from './support.ts';

const entry = entryOf({ storedAtMs: 1_000, ttlMs: 10_000, costMs: 200 });

describe('freshness', () => {
  it('ends with the ttl, and what is stale with stale_if_error', () => {
    const at = (ageMs: number) => freshnessOf(entry, 1_000 + ageMs, 5_000, 1);
    expect([0, 9_999, 10_000, 14_999, 15_000].map(at)).toEqual(['fresh', 'fresh', 'stale', 'stale', 'dead']);
  });

  it('is refreshed early with the probability of XFetch: exp(-(ttl - age) / cost)', () => {
    const random = seededRandom(1);
    for (const [leftMs, costMs] of [
      [100, 200],
      [200, 200],
      [600, 200],
      [200, 2_000],
    ] as const) {
      const draws = 20_000;
      let refreshed = 0;
      for (let i = 0; i < draws; i += 1) {
        const state = freshnessOf({ ...entry, costMs }, 11_000 - leftMs, 0, 1 - random());
        if (state === 'refresh') refreshed += 1;
      }
      expect(refreshed / draws).toBeCloseTo(Math.exp(-leftMs / costMs), 1);
    }
  });

  it('is never refreshed early when it cost nothing', () => {
    expect(freshnessOf({ ...entry, costMs: 0 }, 10_999, 0, 1e-9)).toBe('fresh');
  });

  it('makes nothing younger than new when the clock is set back', () => {
    expect(ageMsOf(entry, 0)).toBe(0);
    expect(mayServeDuringRefresh(entry, 1_000 + 19_999)).toBe(true);
    expect(mayServeDuringRefresh(entry, 1_000 + 20_000)).toBe(false);
  });
});
