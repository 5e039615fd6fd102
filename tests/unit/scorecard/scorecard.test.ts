import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LoadTest } from '#lib/contracts/score.ts';
import { type Evidence, scoreOf } from '#lib/scorecard/scorecard.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const iso = (agoMs: number) => new Date(NOW - agoMs).toISOString();
const LOAD: LoadTest = {
  state: 'finished',
  started_at: iso(60_000),
  ended_at: iso(30_000),
  progress: 1,
  step: null,
  message: null,
  by: 'loopback',
  figures: {
    hits_per_s: 40_000,
    hit_p50_ms: 0.5,
    hit_p99_ms: 2,
    bare_per_s: 55_000,
    hits_over_bare: 0.73,
    unpooled_ms: 0.4,
    pooled_ms: 0.2,
    pooling_improvement: 2,
    failed: 0,
    batch_efficiency: 0.8,
  },
};
const GOOD: Evidence = {
  nowMs: NOW,
  loadTest: LOAD,
  protection: { functions: 5, breakers: 5, disarmed: [] },
  drill: { component: 'lab.chat', passed: true, atMs: NOW - 60_000 },
  snapshotAtMs: NOW - 500,
  measuredUntilMs: NOW - 500,
  traffic: { requests: 5_000, servedRate: 1 },
  sandboxAtMs: NOW - 60_000,
  cache: { looks: 1_000, hitRatio: 0.8 },
  allocation: { acting: 3, of: 9, skill: 0.2 },
};
const NOTHING: Evidence = {
  nowMs: NOW,
  loadTest: { ...LOAD, state: 'idle', figures: null, ended_at: null },
  protection: { functions: 5, breakers: 0, disarmed: [] },
  drill: null,
  snapshotAtMs: null,
  measuredUntilMs: null,
  traffic: { requests: 0, servedRate: null },
  sandboxAtMs: null,
  cache: { looks: 0, hitRatio: null },
  allocation: { acting: 0, of: 0, skill: null },
};
const statusOf = (evidence: Evidence, id: string) => scoreOf(evidence).checks.find((each) => each.id === id);

describe('the score', () => {
  it('is a hundred where everything was measured and is good, and nothing where nothing was', () => {
    expect(scoreOf(GOOD).score).toBe(100);
    expect(scoreOf(GOOD).checks.reduce((sum, { of }) => sum + of, 0)).toBe(100);
    expect(scoreOf(NOTHING).score).toBe(0);
  });

  it.each([
    ['response_time', { loadTest: { ...LOAD, figures: { ...LOAD.figures, hit_p50_ms: 2.1 } } }],
    ['response_time', { loadTest: { ...LOAD, figures: { ...LOAD.figures, failed: 1 } } }],
    ['cache_throughput', { loadTest: { ...LOAD, figures: { ...LOAD.figures, hits_over_bare: 0.69 } } }],
    ['connection_pooling', { loadTest: { ...LOAD, figures: { ...LOAD.figures, pooling_improvement: 0.9 } } }],
    ['request_batching', { loadTest: { ...LOAD, figures: { ...LOAD.figures, batch_efficiency: 0.7 } } }],
    ['breakers_protect', { protection: { functions: 5, breakers: 0, disarmed: [] } }],
    ['breakers_protect', { protection: { functions: 5, breakers: 5, disarmed: ['lab.chat'] } }],
    ['breaker_drill', { drill: { component: 'lab.chat', passed: false, atMs: NOW } }],
    ['dashboard', { snapshotAtMs: NOW - 3_001 }],
    ['success_rate', { traffic: { requests: 5_000, servedRate: 0.9 } }],
    ['cache_hit_rate', { cache: { looks: 1_000, hitRatio: 0.6 } }],
    ['predictive_allocation', { allocation: { acting: 0, of: 9, skill: 0.2 } }],
    ['predictive_allocation', { allocation: { acting: 2, of: 9, skill: -0.1 } }],
  ] as const)('takes the points of %s when that is broken', (id, broken) => {
    const evidence = { ...GOOD, ...broken } as Evidence;
    expect(statusOf(evidence, id)).toMatchObject({ status: 'failed', points: 0 });
    expect(scoreOf(evidence).score).toBeLessThan(100);
  });

  it('gives a part of the points for a part of the success', () => {
    const evidence = { ...GOOD, traffic: { requests: 5_000, servedRate: 0.97 } };
    expect(statusOf(evidence, 'success_rate')).toMatchObject({ status: 'partly', points: 7.5 });
  });

  it('lets old evidence expire, whatever it said', () => {
    const day = 24 * 3_600_000 + 1;
    const old = { ...GOOD, drill: { component: 'lab.chat', passed: true, atMs: NOW - day } };
    expect(statusOf(old, 'breaker_drill')).toMatchObject({ status: 'expired', points: 0 });
    const loadTest = { ...LOAD, ended_at: iso(day) };
    expect(statusOf({ ...GOOD, loadTest }, 'cache_throughput')).toMatchObject({
      status: 'expired',
      points: 0,
    });
  });

  it('says why a load test has no figures', () => {
    const failed = { ...LOAD, figures: null, state: 'failed' as const, message: 'no model' };
    expect(statusOf({ ...GOOD, loadTest: failed }, 'response_time')?.evidence).toContain('no model');
  });

  it('never leaves 0 to 100, and is what its checks add up to', () => {
    const rate = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(rate, fc.nat(10_000), (servedRate, requests) => {
        const { score, checks } = scoreOf({ ...GOOD, traffic: { requests, servedRate } });
        expect(score).toBeCloseTo(
          checks.reduce((sum, { points }) => sum + points, 0),
          5,
        );
        expect(score).toBeLessThanOrEqual(100);
        for (const { points, of } of checks) expect(points >= 0 && points <= of).toBe(true);
      }),
    );
  });
});
