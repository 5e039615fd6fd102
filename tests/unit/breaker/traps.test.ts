/** What goes wrong with opossum alone, row by row of the decision record, and must not go wrong here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { storedRecords } from '#lib/breaker/stored-records.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';
import { Slots } from '#lib/upstream/slots.ts';
import { admitted, breakerOf, calls, FAILURE, LEASE_MS, SUCCESS } from './support.ts';

const tick = (ms: number) => vi.advanceTimersByTime(ms);
const by = { by: 'ann' };

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Open, with an open time of 15 s. */
function opened(settings = {}) {
  const made = breakerOf({ minimum_calls: 4, open_s: 15, ...settings });
  calls(made.breaker, 4, FAILURE);
  expect(made.breaker.computedState).toBe('open');
  return made;
}

function halfOpened(settings = {}) {
  const made = opened(settings);
  tick(15_000);
  expect(made.breaker.computedState).toBe('half_open');
  return made;
}

describe('unlike opossum, it', () => {
  it('stays open when it was opened by hand, and a second time lasts as long as asked', () => {
    const { breaker } = breakerOf({ open_s: 1 });
    breaker.trip({ ...by, durationS: 60 });
    tick(59_000);
    breaker.trip({ ...by, durationS: 60 });
    tick(59_000);
    expect(breaker.state).toBe('open');
  });

  it('serves the remainder of its open time after a restart, not all of it again', () => {
    const records = storedRecords(new MemoryDocumentStore(), () => {});
    const first = breakerOf({ minimum_calls: 1, open_s: 15 }, { records }).breaker;
    calls(first, 1, FAILURE);
    tick(10_000);
    first.close();
    const second = breakerOf({ minimum_calls: 1, open_s: 15 }, { records }).breaker;
    expect(second.admit()).toMatchObject({ reason: 'open', retryAfterMs: 5_000 });
    tick(5_000);
    expect(second.state).toBe('half_open');
  });

  it('counts no refusal among its calls: 80 failures in a row open it, whatever was refused before', () => {
    const { breaker } = breakerOf({ minimum_calls: 80, failure_rate_percent: 100 });
    breaker.trip(by);
    for (let i = 0; i < 90; i++) expect(breaker.admit().admitted).toBe(false);
    breaker.lift(by);
    calls(breaker, 80, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('begins with an empty window after a recovery, and after a reset', () => {
    const { breaker } = breakerOf({ minimum_calls: 10, window_s: 600, half_open_calls: 1, open_s: 1 });
    calls(breaker, 5, SUCCESS);
    calls(breaker, 5, FAILURE);
    tick(1_000);
    calls(breaker, 1, SUCCESS);
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 0 } });
    calls(breaker, 9, SUCCESS);
    breaker.reset(by);
    calls(breaker, 10, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('opens at its threshold, at 100 % too, and on whichever outcome reaches it', () => {
    const all = breakerOf({ minimum_calls: 4, failure_rate_percent: 100 }).breaker;
    calls(all, 4, FAILURE);
    expect(all.state).toBe('open');
    const half = breakerOf({ minimum_calls: 4, failure_rate_percent: 50 }).breaker;
    calls(half, 2, FAILURE);
    calls(half, 2, SUCCESS);
    expect(half.state).toBe('open');
  });

  it('does not open at the first failure: ten calls are needed unless it is told otherwise', () => {
    const { breaker } = breakerOf();
    calls(breaker, 9, FAILURE);
    expect(breaker.state).toBe('closed');
    calls(breaker, 1, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('takes no full bulkhead for a failure, and frees a slot only when the work has ended', () => {
    const { breaker } = breakerOf({ minimum_calls: 1 });
    const slots = new Slots({ capacity: 1, queue: 0, queueWaitMs: 1_000 }, () => performance.now());
    expect(slots.tryAcquire()).toBe(true);
    const refused = vi.fn();
    slots.wait(null, () => {}, refused);
    expect(refused).toHaveBeenCalledOnce();
    expect(slots.inFlight).toBe(1);
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 0 } });
  });

  it('has one fate for each call: one that fails or leaves does not touch its siblings', () => {
    const { breaker } = breakerOf({ minimum_calls: 10 });
    const [failing, leaving, working] = [admitted(breaker), admitted(breaker), admitted(breaker)];
    failing.settle({ kind: 'failure', failure: 'total_timeout', message: 'late' });
    leaving.settle({ kind: 'neutral' });
    working.settle(SUCCESS);
    expect(breaker.snapshot().window).toMatchObject({ calls: 2, failures: 1, timeouts: 1 });
  });

  it('lets several probes through, and none of them can wedge it', () => {
    const { breaker } = halfOpened({ half_open_calls: 2 });
    admitted(breaker);
    admitted(breaker);
    expect(breaker.admit()).toMatchObject({ reason: 'half_open_full' });
    tick(LEASE_MS);
    calls(breaker, 2, SUCCESS);
    expect(breaker.state).toBe('closed');
  });

  it('is not closed by a success that began before it opened', () => {
    const { breaker } = breakerOf({ minimum_calls: 4, half_open_calls: 1 });
    const early = admitted(breaker);
    calls(breaker, 4, FAILURE);
    tick(15_000);
    early.settle(SUCCESS);
    expect(breaker.state).toBe('half_open');
  });

  it('refuses for good once it is shut down, whatever fails late', () => {
    const { breaker } = breakerOf({ minimum_calls: 1 });
    const late = admitted(breaker);
    breaker.close();
    late.settle(FAILURE);
    tick(3_600_000);
    expect(breaker.admit()).toMatchObject({ reason: 'shut_down' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps latencies in a histogram of constant size, and counts a timeout once', () => {
    const { breaker } = breakerOf({ minimum_calls: 10_000 });
    const late = admitted(breaker);
    tick(100);
    late.settle({ kind: 'failure', failure: 'first_byte_timeout', message: 'late' });
    const { window, latency_ms } = breaker.snapshot();
    expect(window).toMatchObject({ calls: 1, failures: 1, timeouts: 1 });
    expect(latency_ms.p50).toBe(latency_ms.p99);
  });

  it('settles a call and counts it once, though a listener throws', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const onTransition = () => {
      throw new Error('a listener');
    };
    const { breaker } = breakerOf({ minimum_calls: 1 }, { onTransition });
    const permit = admitted(breaker);
    expect(() => permit.settle(FAILURE)).not.toThrow();
    permit.settle(FAILURE);
    expect(breaker.tally.failures).toBe(1);
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
  });

  it('shares nothing between breakers of the same settings', () => {
    const settings = { minimum_calls: 1 };
    const [first, second] = [breakerOf(settings).breaker, breakerOf(settings).breaker];
    calls(first, 1, FAILURE);
    expect([first.state, second.state]).toEqual(['open', 'closed']);
  });

  it('counts a call when its work ends, not when it begins to answer', () => {
    const { breaker } = breakerOf({ minimum_calls: 1 });
    const streaming = admitted(breaker);
    tick(5_000);
    expect(breaker.snapshot().window.calls).toBe(0);
    streaming.settle({ kind: 'failure', failure: 'cut', message: 'cut' });
    expect(breaker.state).toBe('open');
  });

  it('takes every setting while it runs, and keeps state and window', () => {
    const { breaker } = opened({ half_open_calls: 1 });
    breaker.override({ open_s: 600, half_open_calls: 2, window_s: 60 });
    expect(breaker.snapshot()).toMatchObject({ state: 'open', settings: { open_s: 600 } });
    tick(15_000);
    calls(breaker, 1, SUCCESS);
    expect(breaker.state).toBe('half_open');
    calls(breaker, 1, SUCCESS);
    expect(breaker.state).toBe('closed');
    calls(breaker, 2, FAILURE);
    breaker.override({ minimum_calls: 3 });
    calls(breaker, 1, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('has no timer while it is closed, and no statistics of opossum’s', () => {
    const { breaker } = breakerOf();
    calls(breaker, 5, SUCCESS);
    expect(vi.getTimerCount()).toBe(0);
    const engine = readFileSync(join(import.meta.dirname, '../../../lib/breaker/engine.ts'), 'utf8');
    expect(engine).toMatch(/timeout: false/);
    expect(engine).not.toMatch(/cache: true|coalesce: true|capacity:/);
  });
});
