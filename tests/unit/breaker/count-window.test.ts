import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CountWindow } from '#lib/breaker/count-window.ts';
import type { CallEnd } from '#lib/breaker/window.ts';

const end: fc.Arbitrary<CallEnd> = fc.record({
  failed: fc.boolean(),
  slow: fc.boolean(),
  timedOut: fc.boolean(),
  durationMs: fc.constant(1),
});

const counted = (ends: readonly CallEnd[]) => ({
  calls: ends.length,
  failures: ends.filter(({ failed }) => failed).length,
  slow: ends.filter(({ slow }) => slow).length,
  timeouts: ends.filter(({ timedOut }) => timedOut).length,
});
const FAILURE: CallEnd = { failed: true, slow: false, timedOut: false, durationMs: 1 };

it('counts the last calls of any sequence, over changes of its length, and foresees failures', () => {
  const step = fc.oneof(
    { weight: 9, arbitrary: end },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 60 }), (length, steps) => {
      const window = new CountWindow(length);
      let kept: CallEnd[] = [];
      let limit = length;
      for (const each of steps) {
        if (typeof each === 'number') {
          limit = each;
          window.resize(limit);
        } else {
          window.record(each);
          kept.push(each);
        }
        kept = kept.slice(-limit);
        expect(window.counts()).toEqual(counted(kept));
      }
      for (let more = 1; more <= limit; more++) {
        const then = [...kept, ...Array<CallEnd>(more).fill(FAILURE)].slice(-limit);
        expect(window.countsAfterFailures(more)).toEqual(counted(then));
      }
    }),
  );
});
