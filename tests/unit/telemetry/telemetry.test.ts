import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveRows } from '#lib/telemetry/live-rows.ts';
import { MAX_MODEL_METERS, OTHER_MODEL } from '#lib/telemetry/model-meters.ts';
import { Clocks, seconds, serve, setUp } from './support.ts';

describe('the sliding windows', () => {
  it('hold exactly what the last 60 and 900 seconds held, whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 1_000 }),
        (perSecond, quiet) => {
          const setup = setUp();
          const counts = [...perSecond, ...Array.from({ length: quiet }, () => 0), ...perSecond];
          seconds(setup, counts.length, (second) => serve(setup, 10, counts[second] ?? 0));
          const { minute, recent } = setup.telemetry.traffic();
          const total = (list: number[]) => list.reduce((sum, count) => sum + count, 0);
          expect(minute.requests).toBe(total(counts.slice(-60)));
          expect(recent.requests).toBe(total(counts.slice(-900)));
          expect(minute.measured_s).toBeCloseTo(Math.min(60, counts.length));
          expect(minute.latency_ms.p50 === null).toBe(minute.requests === 0);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('tell the share that was served from refusals and failures, and leave out what callers got wrong', () => {
    const setup = setUp();
    serve(setup, 10, 8);
    const end = (mark: (trace: ReturnType<typeof setup.telemetry.begin>) => void, complete = true) => {
      const trace = setup.telemetry.begin({
        id: 'x',
        endpoint: 'ollama.chat',
        userAgent: null,
        startedAt: setup.clocks.monotonicMs,
      });
      mark(trace);
      setup.telemetry.end(trace, complete);
    };
    end((trace) => trace.failed('circuit_open'));
    end((trace) => trace.failed('upstream_timeout'));
    end((trace) => trace.failed('bad_request'));
    end((trace) => trace.rejectedByUpstream(404));
    end(() => {}, false);
    seconds(setup, 1);
    const { minute } = setup.telemetry.traffic();
    expect(minute.answers).toEqual({
      upstream: 8,
      cache: 0,
      coalesced: 0,
      stale: 0,
      refused: 1,
      failed: 1,
      rejected: 2,
      cancelled: 1,
    });
    expect(minute.served_rate).toBeCloseTo(0.8);
    expect(setup.telemetry.inFlight).toBe(0);
  });
});

describe('seconds in which nothing is called', () => {
  it('are one for all that look the same, and each component’s own as soon as it is called', () => {
    const setup = setUp();
    const meters = ['a.chat', 'b.chat', 'c.chat'].map((name) => setup.telemetry.meterOf(name));
    seconds(setup, 3, (second) => {
      if (second === 1) meters[0]?.call(10, false);
    });
    const bucket = (name: string, back: number) =>
      setup.telemetry.scope(`component:${name}`)?.ring.back(back);
    for (const back of [0, 1, 2]) expect(bucket('b.chat', back)).toBe(bucket('c.chat', back));
    expect(bucket('a.chat', 0)).toBe(bucket('b.chat', 0));
    expect(bucket('a.chat', 1)).not.toBe(bucket('b.chat', 1));
    expect([0, 1, 2].map((back) => bucket('a.chat', back)?.counts[0])).toEqual([0, 1, 0]);
    const isUsed = (name: string) => setup.telemetry.scope(`component:${name}`)?.meter.isUsed;
    expect([isUsed('a.chat'), isUsed('b.chat')]).toEqual([true, false]);
  });

  it('count as measured: their rate is nought, not unknown', async () => {
    const setup = setUp();
    setup.telemetry.meterOf('a.chat');
    seconds(setup, 5);
    const { series } = await setup.telemetry.history({
      series: 'calls_per_s:a.chat,slots_in_use,slots_queued,slots',
      from: new Date(setup.clocks.wallMs - 5_000).toISOString(),
      step_s: 5,
    });
    const last = Object.values(series).map(({ values }) => values.at(-1));
    expect(last).toEqual([0, 3, 1, 64]);
  });
});

describe('models', () => {
  it('beyond the bound are counted together', () => {
    const setup = setUp();
    for (let i = 0; i < MAX_MODEL_METERS + 50; i++) {
      const trace = setup.telemetry.begin({
        id: 'x',
        endpoint: 'openai.chat',
        userAgent: null,
        startedAt: 0,
      });
      trace.read(`model-${i}`, false, 0);
      trace.callBegan('up', 'up.chat', 0).end('ok', 1);
      trace.usage = { input: 5, output: 70, loadMs: 0 };
      setup.telemetry.end(trace, true);
    }
    const models = [...setup.telemetry.models.list()];
    expect(models.length).toBeLessThanOrEqual(MAX_MODEL_METERS + 1);
    const other = models.find(({ labels }) => labels.model === OTHER_MODEL);
    expect(other?.meter.countTotals().upstream).toBe(50);
    const { bounds, upTo, count, sum } = other?.tokens.output.totals() ?? {};
    expect([count, sum]).toEqual([50, 3_500]);
    expect(bounds?.map((bound, index) => [bound, upTo?.[index]]).slice(3, 5)).toEqual([
      [64, 0],
      [256, 50],
    ]);
  });
});

describe('a model that nobody has served', () => {
  it('is no label of its own, until somebody has', () => {
    const setup = setUp();
    const ask = (status: number) => {
      const trace = setup.telemetry.begin({
        id: 'x',
        endpoint: 'openai.chat',
        userAgent: null,
        startedAt: 0,
      });
      trace.read('made-up', false, 0);
      trace.callBegan('up', 'up.chat', 0).end('http_404', 1);
      if (status >= 400) trace.rejectedByUpstream(status);
      setup.telemetry.end(trace, true);
    };
    const labels = () => [...setup.telemetry.models.list()].map(({ labels: { model } }) => model);
    ask(404);
    expect(labels()).toEqual([OTHER_MODEL]);
    ask(200);
    expect(labels()).toEqual([OTHER_MODEL, 'made-up']);
  });
});

describe('live rows', () => {
  it('hand out each finished bucket once, with the values that the history gives', async () => {
    const setup = setUp();
    const rows = new LiveRows();
    const taken: { step_s: number; at: string; value: number | null | undefined }[] = [];
    seconds(setup, 1);
    rows.take(setup.telemetry.sealedUntilMs);
    for (let second = 1; second <= 120; second++) {
      seconds(setup, 1, () => serve(setup, 10, second % 7));
      const read = rows.take(setup.telemetry.sealedUntilMs);
      for (const { step_s, at, values } of read(setup.telemetry.scopes()))
        taken.push({ step_s, at, value: values.requests_per_s });
    }
    for (const step_s of [1, 5, 60]) {
      const { times, series } = await setup.telemetry.history({
        series: 'requests_per_s',
        from: new Date(setup.clocks.wallMs - 121_000).toISOString(),
        step_s,
      });
      const own = taken.filter((row) => row.step_s === step_s);
      expect(own.length).toBeGreaterThanOrEqual(step_s === 60 ? 2 : 100 / step_s);
      expect(new Set(own.map((row) => row.at)).size).toBe(own.length);
      for (const { at, value } of own) {
        expect(value).toBeCloseTo(series.requests_per_s?.values[times.indexOf(at)] ?? Number.NaN, 2);
      }
    }
  });

  it('go on when the clock is set back', () => {
    const setup = setUp(new Clocks());
    const rows = new LiveRows();
    const take = () => rows.take(setup.telemetry.sealedUntilMs)(setup.telemetry.scopes());
    seconds(setup, 10);
    take();
    setup.clocks.wallMs -= 3_600_000;
    seconds(setup, 1);
    take();
    seconds(setup, 1);
    expect(take().map(({ step_s }) => step_s)).toContain(1);
  });
});
