import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_HOLDS } from '#lib/breaker/holds.ts';
import { admitted, breakerOf, calls, FAILURE, LEASE_MS, SUCCESS } from './support.ts';

const tick = (ms: number) => vi.advanceTimersByTime(ms);

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Opened by failures, with three probes and an open time of 15 s. */
function opened(settings = {}) {
  const made = breakerOf({ minimum_calls: 4, ...settings });
  calls(made.breaker, 4, FAILURE);
  expect(made.breaker.state).toBe('open');
  return made;
}

describe('an outage', () => {
  it('begins when it leaves the closed state, and goes on through probes that fail', () => {
    const { breaker } = opened();
    const first = breaker.snapshot().opening;
    expect(first).toMatchObject({ cause: 'failure_rate', from: 'closed', to: 'open' });
    tick(15_000);
    admitted(breaker).settle(FAILURE);
    expect(breaker.state).toBe('open');
    expect(breaker.snapshot().opening).toEqual(first);
    breaker.reset({ by: 'ann' });
    expect(breaker.snapshot().opening).toBeNull();
  });

  it('is none while somebody only holds it', () => {
    const { breaker } = breakerOf();
    breaker.trip({ by: 'ann' });
    expect(breaker.snapshot()).toMatchObject({ state: 'open', opening: null });
  });
});

describe('closed', () => {
  it('opens at exactly the failure rate, on a success too', () => {
    const { breaker, transitions } = breakerOf({ minimum_calls: 4, failure_rate_percent: 50 });
    calls(breaker, 2, FAILURE);
    calls(breaker, 1, SUCCESS);
    expect(breaker.state).toBe('closed');
    calls(breaker, 1, SUCCESS);
    expect(breaker.state).toBe('open');
    expect(transitions[0]).toMatchObject({
      cause: 'failure_rate',
      from: 'closed',
      to: 'open',
      evidence: { calls: 4, failures: 2, failure_rate: 0.5 },
    });
  });

  it('opens at a rate of 100 percent', () => {
    const { breaker } = breakerOf({ minimum_calls: 4, failure_rate_percent: 100 });
    calls(breaker, 4, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('is not diluted by what never reached the upstream', () => {
    const { breaker } = breakerOf({ minimum_calls: 4 });
    calls(breaker, 90, { kind: 'neutral', answered: true });
    calls(breaker, 4, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('opens on slow successes alone', () => {
    const { breaker, transitions } = breakerOf({ minimum_calls: 2, slow_call_ms: 100 });
    for (let i = 0; i < 2; i++) {
      const permit = admitted(breaker);
      tick(100);
      permit.settle(SUCCESS);
    }
    expect(transitions[0]).toMatchObject({ cause: 'slow_rate', evidence: { slow: 2, failures: 0 } });
  });

  it('forgets what is older than its window', () => {
    const { breaker } = breakerOf({ minimum_calls: 4, window_s: 10 });
    calls(breaker, 3, FAILURE);
    tick(10_000);
    calls(breaker, 3, FAILURE);
    expect([breaker.state, breaker.snapshot().window.calls]).toEqual(['closed', 3]);
  });

  it('counts timeouts by themselves and keeps the last distinct errors as evidence, newest first', () => {
    const { breaker, transitions } = breakerOf({ minimum_calls: 3 });
    calls(breaker, 2, FAILURE);
    admitted(breaker).settle({ kind: 'failure', failure: 'idle_timeout', message: 'late' });
    expect(transitions[0]?.evidence.errors).toEqual([
      { kind: 'idle_timeout', message: 'late', count: 1 },
      { kind: 'http_5xx', message: 'HTTP 500', count: 2 },
    ]);
  });

  it('settles a call once', () => {
    const { breaker } = breakerOf();
    const permit = admitted(breaker);
    permit.settle(FAILURE);
    permit.settle(FAILURE);
    expect(breaker.snapshot().window).toMatchObject({ calls: 1, failures: 1 });
  });

  it('measures latency', () => {
    const { breaker } = breakerOf();
    const permit = admitted(breaker);
    tick(200);
    permit.settle(SUCCESS);
    expect(breaker.snapshot().latency_ms.p99 ?? 0).toBeCloseTo(200, -1);
    expect(breakerOf().breaker.snapshot().latency_ms).toEqual({ p50: null, p90: null, p99: null });
  });
});

describe('open', () => {
  it('refuses, counts it, and says when it will probe', () => {
    const { breaker } = opened();
    tick(5_000);
    expect(breaker.admit()).toEqual({ admitted: false, reason: 'open', retryAfterMs: 10_000 });
    expect(breaker.refusal()).toMatchObject({ reason: 'open' });
    expect(breaker.snapshot()).toMatchObject({
      window: { rejected: 2, calls: 0 },
      retry_at: '2026-01-01T00:00:15.000Z',
    });
  });

  it('tells one moment of the next probe, though its two clocks do not tick together', () => {
    let skewMs = 0;
    const { breaker } = breakerOf({}, { now: () => Date.now() + skewMs });
    calls(breaker, 10, FAILURE);
    const told = breaker.snapshot().retry_at;
    skewMs = 1;
    expect(breaker.snapshot().retry_at).toBe(told);
    // A wall clock that was set is followed.
    skewMs = 60_000;
    expect(breaker.snapshot().retry_at).not.toBe(told);
  });

  it('does not change by what ends late', () => {
    const { breaker } = breakerOf({ minimum_calls: 4 });
    const late = [admitted(breaker), admitted(breaker)];
    calls(breaker, 4, FAILURE);
    late[0]?.settle(SUCCESS);
    tick(15_000);
    expect(breaker.state).toBe('half_open');
    late[1]?.settle(FAILURE);
    expect([breaker.state, breaker.snapshot().window.calls]).toEqual(['half_open', 0]);
  });

  it('probes by itself after its open time', () => {
    const { transitions } = opened();
    tick(14_999);
    expect(transitions).toHaveLength(1);
    tick(1);
    expect(transitions[1]).toMatchObject({ cause: 'open_elapsed', to: 'half_open' });
  });

  it('stays open as long as the upstream asked for', () => {
    const { breaker } = breakerOf({ minimum_calls: 1, open_s: 1 });
    admitted(breaker).settle({ ...FAILURE, retryAfterMs: 30_000 } as typeof FAILURE);
    tick(29_999);
    expect(breaker.state).toBe('open');
    tick(1);
    expect(breaker.state).toBe('half_open');
  });
});

describe('half-open', () => {
  const halfOpened = (settings = {}) => {
    const made = opened(settings);
    tick(15_000);
    return made;
  };

  it('lets exactly its probes through, of any number of callers, and closes when they succeed', () => {
    const { breaker, transitions } = halfOpened();
    const answers = Array.from({ length: 50 }, () => breaker.admit());
    const probes = answers.filter((answer) => answer.admitted);
    expect(probes).toHaveLength(3);
    expect(answers[10]).toMatchObject({ reason: 'half_open_full' });
    for (const probe of probes) probe.settle(SUCCESS);
    expect(breaker.state).toBe('closed');
    expect(transitions.at(-1)).toMatchObject({
      cause: 'probes_succeeded',
      from: 'half_open',
      to: 'closed',
      evidence: { calls: 3 },
    });
    expect(breaker.snapshot().window.calls).toBe(0);
  });

  it('opens again on one failed probe, for twice as long each time, up to ten times', () => {
    const { breaker } = halfOpened();
    for (const seconds of [30, 60, 120, 150, 150]) {
      admitted(breaker).settle(FAILURE);
      expect(breaker.state).toBe('open');
      tick(seconds * 1_000 - 1);
      expect(breaker.state).toBe('open');
      tick(1);
      expect(breaker.state).toBe('half_open');
    }
    calls(breaker, 3, SUCCESS);
    calls(breaker, 4, FAILURE);
    tick(15_000);
    expect(breaker.state).toBe('half_open');
  });

  it('opens after a recovery as it did the first time: once, and for no longer', () => {
    const { breaker, transitions } = halfOpened();
    calls(breaker, 3, SUCCESS);
    calls(breaker, 4, FAILURE);
    expect(transitions.map((each) => each.cause)).toEqual([
      'failure_rate',
      'open_elapsed',
      'probes_succeeded',
      'failure_rate',
    ]);
    tick(15_000);
    calls(breaker, 1, FAILURE);
    tick(30_000);
    expect(breaker.state).toBe('half_open');
  });

  it('opens again on a slow probe', () => {
    const { breaker } = halfOpened({ slow_call_ms: 100 });
    const probe = admitted(breaker);
    tick(100);
    probe.settle(SUCCESS);
    expect(breaker.state).toBe('open');
  });

  it('takes a 4xx for a sign of life', () => {
    const { breaker } = halfOpened({ half_open_calls: 1 });
    admitted(breaker).settle({ kind: 'neutral', answered: true });
    expect(breaker.state).toBe('closed');
  });

  it('is not wedged by a client that leaves, nor by a probe that never ends', () => {
    const { breaker } = halfOpened({ half_open_calls: 1 });
    admitted(breaker).settle({ kind: 'neutral' });
    const hung = admitted(breaker);
    expect(breaker.admit()).toMatchObject({ reason: 'half_open_full' });
    tick(LEASE_MS);
    const other = admitted(breaker);
    hung.settle(FAILURE);
    expect(breaker.state).toBe('half_open');
    other.settle(SUCCESS);
    expect(breaker.state).toBe('closed');
  });

  it('still closes when fewer probes are asked for than have already succeeded', () => {
    const { breaker } = halfOpened({ half_open_calls: 3 });
    calls(breaker, 2, SUCCESS);
    breaker.override({ half_open_calls: 2 });
    expect(breaker.state).toBe('half_open');
    calls(breaker, 1, SUCCESS);
    expect(breaker.state).toBe('closed');
  });

  it('does not need the minimum of calls to open again', () => {
    const { breaker } = halfOpened({ minimum_calls: 4 });
    calls(breaker, 1, FAILURE);
    expect(breaker.state).toBe('open');
  });
});

describe('a hold', () => {
  it('stays open through open time and traffic, until it is lifted', () => {
    const { breaker, transitions } = breakerOf();
    breaker.trip({ by: 'ann', reason: 'maintenance' });
    tick(3_600_000);
    expect(breaker.admit()).toMatchObject({ reason: 'held_open', retryAfterMs: 15_000 });
    expect(breaker.snapshot()).toMatchObject({
      state: 'open',
      computed_state: 'closed',
      hold: { mode: 'open', by: 'ann', reason: 'maintenance', expires_at: null },
    });
    breaker.lift({ by: 'bob' });
    expect(breaker.state).toBe('closed');
    expect(transitions.map((each) => [each.cause, each.by])).toEqual([
      ['trip', 'ann'],
      ['lift', 'bob'],
    ]);
  });

  it('expires on time, and says so', () => {
    const { breaker, transitions } = breakerOf();
    breaker.trip({ by: 'ann', durationS: 2 });
    tick(1_999);
    expect(breaker.admit()).toMatchObject({ retryAfterMs: 1 });
    tick(1);
    expect(transitions.at(-1)).toMatchObject({ cause: 'hold_expired', from: 'open', to: 'closed' });
    admitted(breaker);
  });

  it('expires by itself though its timer rings before the wall clock says so', () => {
    let aheadMs = 0;
    const { breaker, transitions } = breakerOf({}, { now: () => Date.now() - aheadMs });
    breaker.trip({ by: 'ann', durationS: 2 });
    aheadMs = 5;
    tick(2_004);
    expect(transitions.map((each) => each.cause)).toEqual(['trip']);
    tick(1);
    expect(transitions.at(-1)?.cause).toBe('hold_expired');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['closed', 'metrics_only'] as const)('%s admits and measures all, and opens on nothing', (mode) => {
    const { breaker } = breakerOf({ minimum_calls: 4 });
    breaker.hold({ mode, by: 'ann' });
    calls(breaker, 50, FAILURE);
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', window: { calls: 50, failure_rate: 1 } });
  });

  it('that forces it closed opens on nothing, calls from before it included', () => {
    const { breaker, transitions } = breakerOf({ minimum_calls: 4 });
    const before = [1, 2, 3, 4].map(() => admitted(breaker));
    breaker.hold({ mode: 'metrics_only', by: 'ann' });
    for (const permit of before) permit.settle(FAILURE);
    expect(breaker.computedState).toBe('closed');
    expect(transitions.map((each) => each.cause)).toEqual(['hold']);
  });

  it('closed admits calls over an open breaker, whose results do not move it', () => {
    const { breaker } = opened();
    breaker.hold({ mode: 'closed', by: 'ann' });
    calls(breaker, 5, SUCCESS);
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', computed_state: 'open' });
    breaker.lift({ by: 'ann' });
    expect(breaker.state).toBe('open');
  });

  it('lies over earlier ones, which come into force again when it ends', () => {
    const { breaker } = breakerOf();
    breaker.trip({ by: 'ann', reason: 'deploy' });
    breaker.hold({ mode: 'closed', by: 'bob', durationS: 1 });
    expect(breaker.snapshot()).toMatchObject({
      state: 'closed',
      hold: { by: 'bob' },
      holds: [{ by: 'bob' }, { by: 'ann', reason: 'deploy' }],
    });
    tick(1_000);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', hold: { by: 'ann' } });
  });

  it('under another one ends on time, too, and may be lifted by its id', () => {
    const { breaker } = breakerOf();
    breaker.trip({ by: 'ann', durationS: 1 });
    breaker.trip({ by: 'bob' });
    breaker.trip({ by: 'cem' });
    tick(1_000);
    const [, bobs] = breaker.snapshot().holds;
    breaker.lift({ by: 'ann' }, bobs?.id);
    expect(breaker.snapshot().holds).toMatchObject([{ by: 'cem' }]);
    expect(() => breaker.lift({ by: 'ann' }, 'nonsense')).toThrow(/no hold "nonsense"; there are /);
    breaker.lift({ by: 'ann' });
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', hold: null });
  });

  it('is refused when there are very many already', () => {
    const { breaker } = breakerOf();
    for (let i = 0; i < MAX_HOLDS; i++) breaker.trip({ by: 'script' });
    expect(() => breaker.trip({ by: 'script' })).toThrow(/20 holds on it already/);
  });
});

describe('reset, settings and the end', () => {
  it('reset lifts holds, closes and empties the window', () => {
    const { breaker } = opened();
    breaker.trip({ by: 'ann' });
    breaker.reset({ by: 'ann' });
    expect(breaker.snapshot()).toMatchObject({
      state: 'closed',
      hold: null,
      window: { calls: 0, rejected: 0 },
    });
    calls(breaker, 3, FAILURE);
    expect(breaker.state).toBe('closed');
    tick(60_000);
    expect(breaker.state).toBe('closed');
  });

  it('takes settings without losing state or window', () => {
    const { breaker } = breakerOf({ minimum_calls: 10 });
    calls(breaker, 4, FAILURE);
    breaker.override({ minimum_calls: 5, window_s: 60 });
    expect(breaker.snapshot().window.calls).toBe(4);
    tick(30_000);
    calls(breaker, 1, FAILURE);
    expect(breaker.state).toBe('open');
  });

  it('keeps latencies over its transitions, and takes those of calls that end late', () => {
    const { breaker } = breakerOf({ minimum_calls: 1 });
    const [first, late] = [admitted(breaker), admitted(breaker)];
    tick(50);
    first.settle(FAILURE);
    expect(breaker.snapshot().latency_ms.p99 ?? 0).toBeCloseTo(50, -1);
    tick(950);
    late.settle(SUCCESS);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', window: { calls: 0 } });
    expect(Math.round((breaker.snapshot().latency_ms.p99 ?? 0) / 100)).toBe(10);
    breaker.reset({ by: 'ann' });
    expect(breaker.snapshot().latency_ms.p99).toBeNull();
  });

  it('carries on when whoever listens to its transitions throws', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { breaker } = breakerOf(
      { minimum_calls: 1, half_open_calls: 1 },
      {
        onTransition: () => {
          throw new Error('full');
        },
      },
    );
    calls(breaker, 1, FAILURE);
    expect(breaker.admit()).toMatchObject({ reason: 'open' });
    tick(15_000);
    calls(breaker, 1, SUCCESS);
    expect(breaker.state).toBe('closed');
    expect(warned).toHaveBeenCalledTimes(3);
    warned.mockRestore();
  });

  it('holds no timer though it is tripped once closed down', () => {
    const { breaker } = breakerOf();
    breaker.close();
    breaker.trip({ by: 'ann', durationS: 60 });
    expect(breaker.admit()).toMatchObject({ reason: 'shut_down' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('once closed down refuses for good, whatever ends late, and leaves no timer', () => {
    const { breaker } = opened();
    breaker.trip({ by: 'ann', durationS: 60 });
    breaker.close();
    expect(breaker.admit()).toMatchObject({ admitted: false, reason: 'shut_down' });
    expect(vi.getTimerCount()).toBe(0);
  });
});
