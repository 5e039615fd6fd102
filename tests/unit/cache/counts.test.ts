import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheCounts } from '#lib/cache/counts.ts';

describe('counts by the second', () => {
  it('a window is what was counted in its seconds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 700_000 }), fc.integer({ min: 1, max: 5 })), {
          maxLength: 60,
        }),
        fc.constantFrom(1, 10, 100, 1_000),
        (steps, seconds) => {
          let nowMs = 12_345;
          const counts = new CacheCounts(() => nowMs);
          const log: { second: number; by: number }[] = [];
          for (const [waitMs, by] of steps) {
            nowMs += waitMs;
            counts.add('miss', by);
            log.push({ second: Math.floor(nowMs / 1_000), by });
          }
          const now = Math.floor(nowMs / 1_000);
          const inWindow = log.filter(({ second }) => second > now - seconds);
          const sum = (all: typeof log) => all.reduce((total, { by }) => total + by, 0);
          expect(counts.last(seconds).miss).toBe(sum(inWindow));
          expect(counts.total().miss).toBe(sum(log));
        },
      ),
    );
  });
});
