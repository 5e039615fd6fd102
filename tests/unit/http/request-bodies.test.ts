/** The budget of all request bodies. */
import { describe, expect, it } from 'vitest';
import { defaultBudgetBytes, RequestBodies } from '#lib/http/request-bodies.ts';

const MB = 1024 * 1024;

describe('the budget', () => {
  it('is a tenth of memory or heap, whichever is less, within bounds', () => {
    expect(defaultBudgetBytes(2_000 * MB, 4_000 * MB)).toBe(200 * MB);
    expect(defaultBudgetBytes(64_000 * MB, 1_000 * MB)).toBe(100 * MB);
    expect(defaultBudgetBytes(128 * MB, 128 * MB)).toBe(64 * MB);
    expect(defaultBudgetBytes(1_000_000 * MB, 1_000_000 * MB)).toBe(512 * MB);
    expect(defaultBudgetBytes()).toBeGreaterThanOrEqual(64 * MB);
  });

  it('takes all or nothing, up to what it is now', () => {
    let max = 10;
    const bodies = new RequestBodies(() => max);
    expect(bodies.tryHold(6)).toBe(true);
    expect(bodies.tryHold(5)).toBe(false);
    expect(bodies.heldBytes).toBe(6);
    max = 11;
    expect(bodies.tryHold(5)).toBe(true);
    bodies.release(11);
    expect(bodies.heldBytes).toBe(0);
  });
});
