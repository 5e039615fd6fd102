import { describe, expect, it } from 'vitest';
import { effectOf, type FaultDraft, requestOf } from '#components/lab/fault-words.ts';
import {
  MAX_SAMPLES,
  OVER_MS,
  type RateSample,
  ratePoints,
  sampled,
} from '#components/lab/workload-rates.ts';
import { answersOf, describeSettings, workloadRequestOf } from '#components/lab/workload-words.ts';
import { faultKinds, faultRequestSchema } from '#lib/contracts/faults.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';
import { type Workload, workloadRequestSchema } from '#lib/contracts/workload.ts';
import { NO_WORKLOAD } from '#lib/lab/workload/idle.ts';

const START = '2026-01-01T00:00:00.000Z';

function snapshotAt(seconds: number, workload: Partial<Workload> = {}): Snapshot {
  const at = new Date(Date.parse(START) + seconds * 1_000).toISOString();
  const running = { ...NO_WORKLOAD, state: 'running', started_at: START, ...workload };
  // The rates are made of these two alone.
  return { at, workload: running } as unknown as Snapshot;
}

describe('the rates of the workload', () => {
  const steady = (count: number) => {
    let samples: readonly RateSample[] = [];
    for (let second = 0; second < count; second++) {
      samples = sampled(samples, snapshotAt(second, { sent: second * 12, target_rate_per_s: 12 }));
    }
    return samples;
  };

  it('tell what was sent a second, and nothing at the first sample', () => {
    const { values, timesMs } = ratePoints(steady(10));
    expect(values.sent).toEqual([null, ...Array.from({ length: 9 }, () => 12)]);
    expect(values.target).toEqual(Array.from({ length: 10 }, () => 12));
    expect(timesMs).toHaveLength(10);
  });

  it('keep to the last seconds, so that a stop is seen soon', () => {
    const still = [1, 2, 3, 4, 5, 6].reduce<readonly RateSample[]>(
      (samples, second) => sampled(samples, snapshotAt(9 + second, { sent: 9 * 12 })),
      steady(10),
    );
    expect(ratePoints(still).values.sent?.at(-1)).toBe(0);
    expect(OVER_MS).toBeLessThan(6_000);
  });

  it('begin anew with another run, take no snapshot twice, and none without a workload', () => {
    const samples = steady(5);
    expect(sampled(samples, snapshotAt(4))).toBe(samples);
    expect(sampled(samples, snapshotAt(6, { state: 'ended' }))).toBe(samples);
    expect(sampled(samples, snapshotAt(6, { started_at: '2026-01-01T00:00:05.000Z' }))).toHaveLength(1);
  });

  it('are bounded', () => {
    expect(steady(MAX_SAMPLES + 10)).toHaveLength(MAX_SAMPLES);
  });
});

describe('a fault in words', () => {
  const draft: FaultDraft = {
    upstream: 'lab',
    kind: 'error',
    ratePercent: 60,
    status: 503,
    latencyMs: 2_000,
    durationS: 30,
  };

  it.each([
    ['error', /^60 % of model calls to lab will be answered with status 503, for 30.s\.$/],
    ['latency', /will take 2000 ms longer/],
    ['hang', /until a time budget runs out/],
    ['cut', /break off/],
    ['rate_limit', /429/],
  ] as const)('of the kind %s says what will happen', (kind, text) => {
    expect(effectOf({ ...draft, kind })).toMatch(text);
  });

  it('becomes a request that the server takes, whatever the kind', () => {
    for (const kind of faultKinds) {
      const request = faultRequestSchema.parse(requestOf({ ...draft, kind }, 'why'));
      expect(request).toMatchObject({ upstream: 'lab', kind, rate: 0.6, duration_s: 30, reason: 'why' });
      expect('status' in request).toBe(kind === 'error');
      expect('latency_ms' in request).toBe(kind === 'latency');
    }
  });
});

describe('a workload in words', () => {
  const draft = {
    ratePerS: 12,
    dayS: 300,
    seed: 7,
    durationS: '60',
    chatModel: 'c',
    embeddingModel: 'e',
    speed: 60,
    deterministicPercent: 80,
    csv: 'timestamp\n1\n',
  };

  it('becomes a request that the server takes, whatever the shape', () => {
    for (const shape of ['day', 'steady', 'bursts', 'csv'] as const) {
      const request = workloadRequestSchema.parse(workloadRequestOf({ ...draft, shape }));
      expect(request).toMatchObject({
        shape,
        seed: 7,
        duration_s: 60,
        chat_model: 'c',
        embedding_model: 'e',
      });
      expect(request.csv !== undefined).toBe(shape === 'csv');
    }
  });

  it('names its shape and its strength', () => {
    const request = workloadRequestSchema.parse(workloadRequestOf({ ...draft, shape: 'day' }));
    const settings = { ...request, duration_s: 60, arrivals: null };
    expect(describeSettings(settings)).toBe('Daily curve, 12/s on average, a day in 300 s, seed 7');
    expect(describeSettings({ ...settings, shape: 'csv', speed: 60, arrivals: 9 })).toBe(
      'From CSV, 9 requests, 60 times as fast, seed 7',
    );
  });

  it('lists its answers, the most frequent first', () => {
    expect(answersOf({ ...NO_WORKLOAD, answers: { 200: 3, 503: 9, 'no answer': 1 } })).toEqual([
      ['503', 9],
      ['200', 3],
      ['no answer', 1],
    ]);
  });
});
