import { describe, expect, it } from 'vitest';
import { historyQuerySchema, historySchema } from '#lib/contracts/history.ts';
import { RELATIVE_ERROR } from '#lib/stats/histogram.ts';
import { MemoryMinuteStore } from '#lib/store/memory-minute-store.ts';
import { Clocks, type Setup, START_MS, seconds, serve, setUp } from './support.ts';

async function history({ telemetry }: Setup, query: Record<string, string>) {
  return historySchema.parse(await telemetry.history(historyQuerySchema.parse(query)));
}

const at = (ms: number) => new Date(ms).toISOString();

describe('the history', () => {
  it('has a value for each second, and the rate is what was counted in it', async () => {
    const setup = setUp();
    seconds(setup, 10, (second) => serve(setup, 20, second));
    const { times, series, step_s } = await history(setup, {
      series: 'requests_per_s',
      from: at(START_MS),
      step_s: '1',
    });
    expect(step_s).toBe(1);
    expect(times[0]).toBe(at(START_MS));
    expect(series.requests_per_s?.values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('keeps no minutes of a component that nobody calls, and tells them as quiet all the same', async () => {
    const setup = setUp();
    const meter = setup.telemetry.meterOf('a.chat');
    setup.telemetry.meterOf('b.chat');
    seconds(setup, 180, (second) => {
      // From the middle of the second minute on.
      if (second >= 90 && second < 120) meter.call(10, false);
    });
    setup.telemetry.close();
    const rowsOf = (name: string) =>
      setup.store
        .read(`component:${name}`, 0, Number.MAX_SAFE_INTEGER, 100)
        .map(({ measuredMs }) => measuredMs);
    expect([rowsOf('a.chat'), rowsOf('b.chat')]).toEqual([[60_000], []]);
    const values = async (made: Setup) => {
      made.telemetry.meterOf('a.chat');
      made.telemetry.meterOf('b.chat');
      const { series } = await history(made, {
        series: 'calls_per_s:a.chat,calls_per_s:b.chat',
        from: at(START_MS),
        to: at(START_MS + 180_000),
        step_s: '60',
      });
      return Object.values(series).map((each) => each.values);
    };
    const expected = [
      [0, 0.5, 0],
      [0, 0, 0],
    ];
    expect(await values(setup)).toEqual(expected);
    const restarted = setUp(setup.clocks, setup.store);
    seconds(restarted, 60);
    expect(await values(restarted)).toEqual(expected);
  });

  it('makes percentiles of longer steps from all samples, not from percentiles', async () => {
    const setup = setUp();
    // 99 fast ones in one second, 1 slow one in the next: the median of both is fast, their p99 too.
    seconds(setup, 2, (second) => (second === 0 ? serve(setup, 10, 99) : serve(setup, 1_000, 1)));
    const { series } = await history(setup, {
      series: 'latency_p50_ms,latency_p99_ms',
      from: at(START_MS),
      step_s: '2',
    });
    for (const name of ['latency_p50_ms', 'latency_p99_ms']) {
      const [value] = series[name]?.values ?? [];
      expect(Math.abs((value ?? 0) - 10) / 10).toBeLessThanOrEqual(RELATIVE_ERROR);
    }
  });

  it('says null, not zero, where nothing was measured', async () => {
    const setup = setUp();
    seconds(setup, 3, () => serve(setup, 5));
    // The machine slept: both clocks went on, no tick came.
    setup.clocks.advance(600_000);
    setup.telemetry.tick();
    seconds(setup, 3, () => serve(setup, 5));
    const { series } = await history(setup, { series: 'requests_per_s', from: at(START_MS), step_s: '1' });
    const values = series.requests_per_s?.values ?? [];
    expect(values.slice(0, 4)).toEqual([1, 1, 1, 0]);
    expect(new Set(values.slice(4, 603))).toEqual(new Set([null]));
    expect(values.slice(-3)).toEqual([1, 1, 1]);
  });

  it('keeps rates right when the wall clock is set back', async () => {
    const setup = setUp();
    seconds(setup, 60, () => serve(setup, 5, 2));
    setup.clocks.wallMs -= 30_000;
    seconds(setup, 60, () => serve(setup, 5, 2));
    const { series } = await history(setup, { series: 'requests_per_s', from: at(START_MS), step_s: '10' });
    expect(series.requests_per_s?.values).toEqual(Array.from({ length: 9 }, () => 2));
  });

  it('keeps rates right when the wall clock is set forward, and leaves a gap', async () => {
    const setup = setUp();
    seconds(setup, 10, () => serve(setup, 5, 2));
    setup.clocks.wallMs += 60_000;
    seconds(setup, 10, () => serve(setup, 5, 2));
    const { series } = await history(setup, { series: 'requests_per_s', from: at(START_MS), step_s: '10' });
    expect(series.requests_per_s?.values).toEqual([2, null, null, null, null, null, null, 2]);
  });

  it('reads minutes from the store, the running one included, over a restart in the middle of a minute', async () => {
    const clocks = new Clocks();
    const store = new MemoryMinuteStore();
    const first = setUp(clocks, store);
    seconds(first, 90, () => serve(first, 10, 2));
    first.telemetry.close();
    const second = setUp(clocks, store);
    seconds(second, 60, () => serve(second, 10, 4));
    const { series, step_s, partial } = await history(second, {
      series: 'requests_per_s,latency_p50_ms',
      from: at(START_MS),
      step_s: '60',
    });
    expect(step_s).toBe(60);
    expect(series.requests_per_s?.values).toEqual([2, 3, 4]);
    expect(partial).toBe(true);
    expect(series.latency_p50_ms?.values.every((value) => value !== null && Math.abs(value - 10) < 0.3)).toBe(
      true,
    );
  });

  it('shows the minutes of before a restart where the seconds in memory do not reach', async () => {
    const clocks = new Clocks();
    const store = new MemoryMinuteStore();
    const first = setUp(clocks, store);
    seconds(first, 120, () => serve(first, 10, 2));
    first.telemetry.close();
    const second = setUp(clocks, store);
    seconds(second, 10, () => serve(second, 10, 6));
    const { series } = await history(second, { series: 'requests_per_s', from: at(START_MS), step_s: '5' });
    expect(series.requests_per_s?.values).toEqual([...Array.from({ length: 24 }, () => 2), 6, 6]);
  });

  it('shows nothing for the time before the start of a process without a past', async () => {
    const setup = setUp();
    setup.clocks.advance(30_000);
    setup.telemetry.tick();
    const fresh = setUp(setup.clocks);
    seconds(fresh, 10, () => serve(fresh, 10, 6));
    const { series } = await history(fresh, { series: 'requests_per_s', from: at(START_MS), step_s: '5' });
    expect(series.requests_per_s?.values).toEqual([null, null, null, null, null, null, 6, 6]);
  });

  it('keeps seven days of minutes', async () => {
    const clocks = new Clocks();
    const store = new MemoryMinuteStore();
    store.write([
      {
        minuteS: START_MS / 1_000 - 8 * 86_400,
        scope: 'gateway',
        measuredMs: 60_000,
        body: new Uint8Array(),
      },
    ]);
    seconds(setUp(clocks, store), 1);
    expect(store.at(START_MS / 1_000 - 8 * 86_400)).toEqual([]);
  });

  it('loses at most ten seconds to a kill', () => {
    const clocks = new Clocks();
    const store = new MemoryMinuteStore();
    seconds(setUp(clocks, store), 29);
    expect(store.at(START_MS / 1_000)[0]?.measuredMs).toBe(20_000);
  });

  it.each([
    [{ series: 'nothing' }, 'bad_request', /series: "nothing" is not allowed; must be one of requests_per_s/],
    [{ series: 'calls_per_s' }, 'bad_request', /must name the component: calls_per_s:NAME/],
    [{ series: 'requests_per_s:x' }, 'bad_request', /must be requests_per_s alone/],
    [{ series: 'calls_per_s:x.chat' }, 'not_found', /names no component that is there; known are up\.chat/],
    [{ from: 'yesterday' }, 'bad_request', /from: "yesterday" is not allowed; must be a time such as/],
    [{ from: '2026-03-01T13:00:00Z' }, 'bad_request', /must be before to/],
    [{ from: '2026-02-28T12:00:00Z', step_s: '1' }, 'ok', /^$/],
    [{ from: '2026-02-22T12:00:00Z', step_s: '60' }, 'bad_request', /step_s: 60 is not allowed; that makes/],
  ] as const)('%o is %s', async (query, code, message) => {
    const setup = setUp();
    setup.telemetry.meterOf('up.chat');
    seconds(setup, 1);
    const outcome = await history(setup, query).then(
      () => ({ code: 'ok', message: '' }),
      (error: { code: string; message: string }) => error,
    );
    expect(outcome.code).toBe(code);
    expect(outcome.message).toMatch(message);
  });

  it('gives every series that there is, each with as many values as times', async () => {
    const setup = setUp();
    const meter = setup.telemetry.meterOf('up.chat');
    seconds(setup, 5, () => {
      serve(setup, 10);
      meter.call(10, true);
      meter.rejected();
    });
    const { SERIES } = await import('#lib/contracts/history.ts');
    const names = SERIES.map(({ name, scope }) =>
      scope === 'component' ? `${name}:up.chat` : scope === 'upstream' ? `${name}:up` : name,
    );
    const answer = await history(setup, { series: names.join(','), from: at(START_MS), step_s: '1' });
    for (const name of names) expect(answer.series[name]?.values).toHaveLength(answer.times.length);
    expect(answer.series['failure_rate:up.chat']?.values).toEqual([1, 1, 1, 1, 1]);
    expect(answer.series['calls_refused_per_s:up.chat']?.values).toEqual([1, 1, 1, 1, 1]);
    expect(answer.series['in_flight:up']?.values).toEqual([3, 3, 3, 3, 3]);
    expect(answer.series.loop_delay_p99_ms?.values).toEqual([1.5, 1.5, 1.5, 1.5, 1.5]);
  });
});
