import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Looks, lruHits, optimalHits } from '#lib/cache/ghost.ts';
import { Ghosts, recommended } from '#lib/cache/ghosts.ts';
import { entryOf } from './support.ts';

function looksOf(keys: readonly number[], ttlMs = Number.POSITIVE_INFINITY, everyMs = 1): Looks {
  return {
    keys: Int32Array.from(keys),
    bytes: Float64Array.from(keys, () => 1),
    atMs: Float64Array.from(keys, (_, at) => at * everyMs),
    ttlMs: Float64Array.from(keys, () => ttlMs),
  };
}

/** The best that any cache could have done, by trying everything. */
function bestByTrying(keys: readonly number[], size: number): number {
  const known = new Map<string, number>();
  const best = (at: number, held: readonly number[]): number => {
    if (at === keys.length) return 0;
    const state = `${at} ${[...held].sort().join()}`;
    const seen = known.get(state);
    if (seen !== undefined) return seen;
    const key = keys[at] ?? 0;
    let most: number;
    if (held.includes(key)) most = 1 + best(at + 1, held);
    else {
      const choices = [
        held,
        ...(held.length < size
          ? [[...held, key]]
          : held.map((out) => [...held.filter((each) => each !== out), key])),
      ];
      most = Math.max(...choices.map((choice) => best(at + 1, choice)));
    }
    known.set(state, most);
    return most;
  };
  return best(0, []);
}

describe('replays', () => {
  it("Belady's is the best that there is, and ours is never better", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 14 }),
        fc.integer({ min: 1, max: 4 }),
        (keys, size) => {
          const optimal = optimalHits(looksOf(keys), size);
          expect(optimal).toBe(bestByTrying(keys, size));
          expect(lruHits(looksOf(keys), size)).toBeLessThanOrEqual(optimal);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('know that entries grow too old', () => {
    const looks = looksOf([1, 1, 1, 1], 15, 10);
    expect([lruHits(looks, 10), optimalHits(looks, 10)]).toEqual([2, 2]);
  });

  it('least recently used: a loop that is one too long for it never hits', () => {
    const loop = Array.from({ length: 100 }, (_, at) => at % 11);
    expect(lruHits(looksOf(loop), 10)).toBe(0);
    expect(lruHits(looksOf(loop), 11)).toBe(89);
    expect(optimalHits(looksOf(loop), 10)).toBeGreaterThan(75);
  });
});

describe('the recommendation', () => {
  const curve = (ratios: number[]) =>
    ratios.map((hit_ratio, at) => ({ memory_mb: [50, 100, 200, 400][at] ?? 0, hit_ratio }));

  it.each([
    [[0.6, 0.602, 0.603, 0.603], 50, 'Less would do: 50 MB would have hit 60.0 % instead of 60.2 %'],
    [[0.4, 0.6, 0.601, 0.602], 100, 'The size is right'],
    [[0.1, 0.2, 0.5, 0.502], 200, 'More would pay: 200 MB would have hit 50.0 % instead of 20.0 %'],
  ])('of %j', (ratios, recommended_mb, recommendation) => {
    expect(recommended(curve(ratios), 100)).toEqual({ recommended_mb, recommendation });
  });
});

describe('ghost caches in their worker', () => {
  it('tell the curve of what was looked for', async () => {
    let nowMs = 1_000;
    const bytes = 1_000_000;
    const ghosts = new Ghosts(
      () => nowMs,
      () => 10 * 1024 * 1024,
      (thrown) => {
        throw thrown;
      },
    );
    const keys = Array.from({ length: 15 }, (_, at) => hash('sha256', String(at), 'base64url'));
    for (let look = 0; look < 300; look += 1) {
      nowMs += 2_000;
      ghosts.look(entryOf({ key: keys[look % 15] ?? '', value: Buffer.alloc(bytes), ttlMs: 1e9 }));
    }
    for (let tick = 0; tick < 5; tick += 1) ghosts.tick();
    while (ghosts.view === null) await new Promise((resolve) => setImmediate(resolve));
    const { view } = ghosts;
    await ghosts.close();
    expect(view).toMatchObject({ looks: 300, sampled_from: 300, unlimited_hit_ratio: 285 / 300 });
    expect(view.sizes.map(({ factor, memory_mb, hit_ratio }) => [factor, memory_mb, hit_ratio])).toEqual([
      [0.5, 5, 0],
      [1, 10, 0],
      [2, 20, 0.95],
      [4, 40, 0.95],
    ]);
    expect(view.sizes[1]?.optimal_hit_ratio).toBeGreaterThan(0.5);
    expect(view.recommended_mb).toBe(20);
  });
});
