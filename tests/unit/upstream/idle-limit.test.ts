/** What lost connections teach of how long a server keeps idle ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdleLimit } from '#lib/upstream/idle-limit.ts';

const MINUTE_MS = 60_000;

describe('the limit of idle connections', () => {
  it('is a minute until a loss teaches otherwise, and again after ten minutes', () => {
    let now = 0;
    const limit = new IdleLimit(() => now);
    expect(limit.ms).toBe(MINUTE_MS);
    limit.lostAfter(5_000);
    expect(limit.ms).toBe(4_000);
    now += 10 * MINUTE_MS - 1;
    expect(limit.ms).toBe(4_000);
    now += 1;
    expect(limit.ms).toBe(MINUTE_MS);
  });

  it('learns nothing of connections that were lost sooner than any server would close them', () => {
    const limit = new IdleLimit(() => 0);
    for (const idleMs of [0, 10, 999]) limit.lostAfter(idleMs);
    expect(limit.ms).toBe(MINUTE_MS);
  });

  it('is below every idle time after which a connection was lost, and never without measure', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 10 * MINUTE_MS })), (losses) => {
        const limit = new IdleLimit(() => 0);
        for (const idleMs of losses) limit.lostAfter(idleMs);
        expect(losses.every((idleMs) => limit.ms < idleMs || limit.ms === MINUTE_MS)).toBe(true);
        expect(limit.ms).toBeGreaterThanOrEqual(800);
        expect(limit.ms).toBeLessThanOrEqual(MINUTE_MS);
      }),
    );
  });
});
