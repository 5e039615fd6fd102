import { describe, expect, it } from 'vitest';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';
import { type Drill, drillSchema } from '#lib/contracts/drills.ts';
import { checksOf, openWithinMs, recoverWithinMs } from '#lib/lab/drills/checks.ts';
import { DrillControl, type DrillParts } from '#lib/lab/drills/control.ts';
import { drillsAsCsv } from '#lib/lab/drills/csv.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';

const AT = '2026-01-01T12:00:00.000Z';
const settings = (given = {}) => breakerSettingsSchema.parse(given);

const drillWith = (given: Partial<Drill> = {}): Drill =>
  drillSchema.parse({
    id: 'd1',
    component: 'lab.chat',
    fault: 'error',
    rate: 0.6,
    duration_s: 20,
    calls_per_s: 50,
    by: 'ann',
    status: 'passed',
    phase: 'over',
    end_cause: 'finished',
    started_at: AT,
    fault_ended_at: AT,
    ended_at: AT,
    time_to_open_ms: 5_000,
    calls_leaked: 0,
    probes: 3,
    time_to_recover_ms: 2_000,
    worst_caller_ms: 20,
    calls: { sent: 9, succeeded: 3, failed: 3, refused: 3, skipped: 0 },
    checks: [],
    transitions: [],
    ...given,
  });

describe('the checks of a drill', () => {
  const passed = (given: Partial<Drill>) =>
    checksOf(drillWith(given), settings()).map((check) => check.passed);

  it('hold at their limits and fail just beyond them', () => {
    expect(passed({ time_to_open_ms: 11_000 })).toEqual([true, true, true]);
    expect(passed({ time_to_open_ms: 11_001 })).toEqual([false, true, true]);
    expect(passed({ calls_leaked: 1 })).toEqual([true, false, true]);
    expect(passed({ time_to_recover_ms: null })).toEqual([true, true, false]);
    expect(passed({ time_to_open_ms: null, time_to_recover_ms: null })).toEqual([false, false, false]);
  });

  it('say why a fault could not open it', () => {
    const why = (given: Partial<Drill>) =>
      checksOf(drillWith({ time_to_open_ms: null, ...given }), settings())[0]?.measured;
    expect(why({ rate: 0.2 })).toContain('20 % is below its threshold of 50 %');
    expect(why({ fault: 'latency', rate: 1, latency_ms: 5 })).toContain('5 ms more is not slow');
    expect(why({ fault: 'hang', rate: 1 })).toContain('only when its time budget is over');
  });

  it('allow for a window of calls the time in which they come', () => {
    expect(openWithinMs(settings({ window_kind: 'count', window_calls: 100 }), 50)).toBe(3_000);
    expect(recoverWithinMs(settings({ open_s: 1 }))).toBe(41_000);
    expect(recoverWithinMs(settings({ open_s: 3_600 }))).toBe(900_000);
  });
});

it('CSV has a line each, quotes what needs it, and gives a spreadsheet no formula', () => {
  const csv = drillsAsCsv([
    drillWith({ reason: '=1+1, "x"' }),
    drillWith({ id: 'd2', time_to_open_ms: null }),
  ]);
  const [head, first, second] = csv.trimEnd().split('\r\n');
  expect(head).toMatch(/^id,component,fault,/);
  expect(first).toMatch(/^d1,lab\.chat,error,0\.6,20,50,passed,finished,.*,"'=1\+1, ""x"""$/);
  expect(second).toContain(',,0,3,');
});

it('one that ran when the server died is shown as interrupted after the next start', () => {
  const store = new MemoryDocumentStore();
  store.write(
    'd1',
    JSON.stringify(drillWith({ status: 'running', phase: 'fault', end_cause: null, ended_at: null })),
  );
  store.write('d2', JSON.stringify({ from: 'another version' }));
  store.write('d3', '{"half": ');
  const never = () => {
    throw new Error('nothing is started');
  };
  const parts: DrillParts = {
    now: () => Date.parse(AT),
    monotonicMs: () => 0,
    randomId: () => 'x',
    store,
    breaker: never,
    upstreamOf: never,
    caller: never,
    checkFaults: never,
    inject: never,
    observe: never,
    onTransition: never,
    onEvent: never,
  };
  expect(new DrillControl(parts).list()).toMatchObject([
    { id: 'd1', status: 'failed', end_cause: 'interrupted', ended_at: AT },
  ]);
});
