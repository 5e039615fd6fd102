import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { everySecond } from '#lib/telemetry/ticker.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_300 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a ticker', () => {
  it('ticks at the beginning of each second of the wall clock, until it is stopped', () => {
    const at: number[] = [];
    const stop = everySecond(() => at.push(Date.now()));
    vi.advanceTimersByTime(3_000);
    stop();
    vi.advanceTimersByTime(3_000);
    expect(at).toEqual([1_001_000, 1_002_000, 1_003_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not tick twice for a second when its timer is a little early', () => {
    let lateMs = 0;
    const at: number[] = [];
    const stop = everySecond(
      () => at.push(Date.now()),
      () => Date.now() - lateMs,
    );
    lateMs = 1;
    vi.advanceTimersByTime(3_000);
    stop();
    expect(at).toEqual([1_001_000, 1_002_001, 1_003_001]);
  });
});
