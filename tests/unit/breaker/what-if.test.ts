import { describe, expect, it } from 'vitest';
import { MAX_CHUNKS, OutcomeLog } from '#lib/breaker/outcome-log.ts';
import { replay } from '#lib/breaker/what-if/replay.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';
import { FAILURE, SUCCESS } from './support.ts';

const HOUR_MS = 3_600_000;
const EPOCH_MS = Date.UTC(2026, 0, 1);

function replayed(log: OutcomeLog, nowMs: number, settings: Partial<BreakerSettings>) {
  return replay({
    recording: log.recording(nowMs),
    settings: breakerSettingsSchema.parse({
      minimum_calls: 4,
      window_s: 10,
      open_s: 5,
      half_open_calls: 1,
      ...settings,
    }),
    limits: { probeLeaseMs: 60_000, capacity: 64 },
    epochMs: EPOCH_MS,
  });
}

/** A call of 50 ms a tenth of a second; those between the seconds 10 and 20 fail. */
function outage(): OutcomeLog {
  const log = new OutcomeLog(0);
  for (let at = 100; at <= 40_000; at += 100)
    log.record(at > 10_000 && at <= 20_000 ? FAILURE : SUCCESS, 50, at);
  return log;
}

describe('a replay', () => {
  it('says when a breaker would have opened and closed, what it would have spared, and what refused for nothing', () => {
    const { trips, trip_count, open_s, calls_saved, calls_wrongly_refused } = replayed(outage(), 40_000, {
      failure_rate_percent: 20,
    });
    expect(trip_count).toBe(1);
    const [trip] = trips;
    expect(trip?.cause).toBe('failure_rate');
    // The window drops a tenth of itself at a time.
    expect(trip?.calls).toBeGreaterThan(89);
    expect(trip?.failure_rate).toBeGreaterThanOrEqual(0.2);
    expect(Date.parse(trip?.at ?? '')).toBeGreaterThan(EPOCH_MS + 11_000);
    expect(Date.parse(trip?.until ?? '')).toBeGreaterThan(EPOCH_MS + 20_000);
    expect(open_s).toBeCloseTo((Date.parse(trip?.until ?? '') - Date.parse(trip?.at ?? '')) / 1_000, 3);
    // 100 calls failed: 20 before it opened, one as a probe; the others were spared.
    expect(calls_saved).toBe(79);
    expect(calls_wrongly_refused).toBeGreaterThan(0);
  });

  it('of settings that never open spares nothing and refuses nothing', () => {
    expect(replayed(outage(), 40_000, { minimum_calls: 10_000 })).toMatchObject({
      trips: [],
      trip_count: 0,
      open_s: 0,
      calls_saved: 0,
      calls_wrongly_refused: 0,
    });
  });

  it('judges slow calls by the draft, less what loading a model took', () => {
    const log = new OutcomeLog(0);
    for (let at = 1_000; at <= 20_000; at += 1_000)
      log.record({ kind: 'success', loadMs: at > 10_000 ? 0 : 900 }, 950, at);
    const { trips } = replayed(log, 20_000, {
      slow_call_ms: 500,
      slow_rate_percent: 50,
      model_load_ms: 1_000,
    });
    expect(trips[0]).toMatchObject({ cause: 'slow_rate' });
    expect(Date.parse(trips[0]?.at ?? '')).toBeGreaterThan(EPOCH_MS + 10_000);
    expect(replayed(log, 20_000, { slow_call_ms: 2_000 }).trip_count).toBe(0);
  });

  it('knows what overlaps: calls that began before it opened are not refused', () => {
    const log = new OutcomeLog(0);
    for (let i = 0; i < 8; i++) log.record(FAILURE, 100, 100 + i);
    expect(replayed(log, 200, {})).toMatchObject({ trip_count: 1, calls_saved: 0 });
  });
});

describe('the log of outcomes', () => {
  it('reaches back an hour and no further', () => {
    const log = new OutcomeLog(0);
    log.record(SUCCESS, 1, 1_000);
    log.record(SUCCESS, 1, 2 * HOUR_MS);
    expect(log.recording(2 * HOUR_MS).fromMs).toBe(HOUR_MS);
    expect(replayed(log, 2 * HOUR_MS, {}).trip_count).toBe(0);
  });

  it('is bounded, and says since when it lacks nothing', () => {
    const log = new OutcomeLog(0);
    const bound = MAX_CHUNKS * 4_096;
    for (let i = 1; i <= bound + 4_096; i++) log.record(SUCCESS, 1, i / 1_000);
    const recording = log.recording(bound / 1_000);
    expect(recording.endedMs).toHaveLength(bound);
    expect(recording.fromMs).toBe(4.096);
  });
});
