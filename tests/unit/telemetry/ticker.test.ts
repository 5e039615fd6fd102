import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { everySecond } from '#lib/telemetry/ticker.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_300 });
});

afterEach(() => {
  vi.useRealTimers();
});

const unexpected = (thrown: unknown) => expect.fail(`it threw ${thrown}`);

describe('a ticker', () => {
  it('ticks at the beginning of each second of the wall clock, until it is stopped', () => {
    const at: number[] = [];
    const stop = everySecond([() => at.push(Date.now())], unexpected);
    vi.advanceTimersByTime(3_000);
    stop();
    vi.advanceTimersByTime(3_000);
    expect(at).toEqual([1_001_000, 1_002_000, 1_003_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on when one of its runs throws, and so do the others', () => {
    const errors: unknown[] = [];
    const ran: number[] = [];
    const broken = () => {
      throw new Error('broken');
    };
    const stop = everySecond([broken, () => ran.push(1)], (thrown) => errors.push(thrown));
    vi.advanceTimersByTime(3_000);
    stop();
    expect([errors.length, ran.length, vi.getTimerCount()]).toEqual([3, 3, 0]);
  });

  it('does not tick twice for a second when its timer is a little early', () => {
    let lateMs = 0;
    const at: number[] = [];
    const stop = everySecond([() => at.push(Date.now())], unexpected, () => Date.now() - lateMs);
    lateMs = 1;
    vi.advanceTimersByTime(3_000);
    stop();
    expect(at).toEqual([1_001_000, 1_002_001, 1_003_001]);
  });
});
