import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheEntry, sizeOf } from '#lib/cache/entry.ts';
import { type EvictionCause, MemoryTier } from '#lib/cache/memory-tier.ts';
import { entryOf } from './support.ts';

const SIZE = sizeOf(entryOf());

function tierOf(maxBytes: number, staleMs = 0) {
  const clock = { ms: 1 };
  const evicted: [string, EvictionCause][] = [];
  const tier = new MemoryTier({
    maxBytes,
    staleMs: () => staleMs,
    monotonicMs: () => clock.ms,
    onEvicted: ({ key }, cause) => evicted.push([key, cause]),
  });
  const put = (key: string, more: Partial<CacheEntry> = {}) =>
    tier.set(entryOf({ key, storedAtMs: clock.ms, ...more }), clock.ms);
  return { tier, clock, evicted, put };
}

describe('the memory tier', () => {
  it('drops what was used longest ago when it is full', () => {
    const { tier, evicted, put } = tierOf(2 * SIZE);
    const a = put('a');
    put('b');
    tier.get('a');
    put('c');
    expect(evicted).toEqual([['b', 'size']]);
    expect([a.alive, tier.get('a')?.entry.key, tier.get('b')]).toEqual([true, 'a', undefined]);
  });

  it('keeps entries for their ttl and the time that they may be stale', () => {
    const { tier, clock, evicted, put } = tierOf(10 * SIZE, 5_000);
    const held = put('a', { ttlMs: 10_000 });
    clock.ms = 15_000;
    tier.sweep();
    expect(tier.get('a')).toBe(held);
    clock.ms = 15_002;
    tier.sweep();
    expect([tier.get('a'), held.alive, evicted]).toEqual([undefined, false, [['a', 'ttl']]]);
    expect(tier.sizeOf('a_responses')).toEqual({ entries: 0, bytes: 0 });
  });

  it('does not keep what is too large or too old already', () => {
    const { tier, put } = tierOf(SIZE);
    expect(put('large', { value: Buffer.alloc(10_000) }).alive).toBe(false);
    put('old', { storedAtMs: -60_000 });
    expect([tier.get('large'), tier.get('old'), tier.bytes]).toEqual([undefined, undefined, 0]);
  });

  it('is purged by what is asked, and says which keys are gone', () => {
    const { tier, evicted, put } = tierOf(10 * SIZE);
    put('a', { model: 'x' });
    put('b', { model: 'y' });
    expect(tier.purge(({ model }) => model === 'x')).toEqual(['a']);
    expect(evicted).toEqual([['a', 'purge']]);
  });

  it('takes a new budget while it runs, keeping order and what is left of each time', () => {
    const { tier, clock, evicted, put } = tierOf(4 * SIZE);
    for (const key of ['a', 'b', 'c', 'd']) put(key);
    tier.get('a');
    tier.resize(2 * SIZE);
    expect(evicted.map(([key]) => key).toSorted()).toEqual(['b', 'c']);
    expect([tier.get('d')?.alive, tier.get('a')?.alive, tier.maxBytes]).toEqual([true, true, 2 * SIZE]);
    tier.resize(8 * SIZE);
    clock.ms = 60_002;
    expect([tier.get('a'), tier.get('d')]).toEqual([undefined, undefined]);
  });

  it('sizes are the sums of what is there, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('put'), key: fc.integer({ min: 0, max: 9 }), bytes: fc.nat(900) }),
      fc.record({ do: fc.constant('wait'), ms: fc.nat(30_000) }),
      fc.record({ do: fc.constant('purge'), key: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ do: fc.constant('resize'), bytes: fc.integer({ min: 500, max: 8_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { tier, clock, put } = tierOf(4_000);
        for (const each of steps) {
          if ('ms' in each) clock.ms += each.ms;
          else if (each.do === 'resize') tier.resize('bytes' in each ? each.bytes : 0);
          else if ('bytes' in each && 'key' in each)
            put(String(each.key), { cache: `c${each.key % 2}`, value: Buffer.alloc(each.bytes) });
          else if ('key' in each) tier.purge(({ key }) => key === String(each.key));
          tier.sweep();
          const caches = ['c0', 'c1'].map((name) => tier.sizeOf(name));
          expect(caches.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(tier.bytes);
          const there = Array.from({ length: 10 }, (_, key) => tier.get(String(key))).filter(Boolean);
          expect(caches.reduce((sum, { entries }) => sum + entries, 0)).toBe(there.length);
          expect(tier.bytes).toBeLessThanOrEqual(tier.maxBytes);
        }
      }),
    );
  });
});
