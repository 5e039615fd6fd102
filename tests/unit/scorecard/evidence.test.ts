import { expect, it } from 'vitest';
import { type EvidenceSource, evidenceOf } from '#lib/scorecard/evidence.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const WINDOW_S = 900;

function sourceOf(more: object = {}): EvidenceSource {
  return {
    breakers: { list: () => [] },
    drills: { list: () => [] },
    loadTests: { status: () => ({}), own: () => ({ hits: 0, misses: 0 }) },
    telemetry: {
      traffic: () => ({ recent: { window_s: WINDOW_S, requests: 1_000, served_rate: 0.99 } }),
      sealedUntilMs: NOW - 500,
    },
    predictions: { allocation: { targets: () => [] } },
    snapshots: { now: () => ({ at: new Date(NOW).toISOString() }) },
    coverage: () => ({ protected_functions: 5 }),
    cacheTotals: () => ({ hits: 950, misses: 50 }),
    transitionsOf: () => [],
    ...more,
  } as unknown as EvidenceSource;
}

it('leaves the load test’s own requests out, which would hide any number of failures', () => {
  const asked: number[] = [];
  const own = (sinceMs: number) => {
    asked.push(sinceMs);
    return { hits: 900, misses: 20 };
  };
  const { traffic, cache } = evidenceOf(sourceOf({ loadTests: { status: () => ({}), own } }), NOW);
  expect(traffic.requests).toBe(80);
  expect(traffic.servedRate).toBeCloseTo(1 - 10 / 80, 9);
  expect(cache).toEqual({ looks: 80, hitRatio: 50 / 80 });
  expect(asked).toEqual([NOW - WINDOW_S * 1_000, 0]);
});

it('takes traffic as it is without one, and none for none', () => {
  expect(evidenceOf(sourceOf(), NOW)).toMatchObject({
    traffic: { requests: 1_000 },
    cache: { looks: 1_000, hitRatio: 0.95 },
    drill: null,
    sandboxAtMs: null,
  });
  const own = () => ({ hits: 1_000, misses: 50 });
  const { traffic, cache } = evidenceOf(sourceOf({ loadTests: { status: () => ({}), own } }), NOW);
  expect([traffic, cache]).toEqual([
    { requests: 0, servedRate: null },
    { looks: 0, hitRatio: null },
  ]);
});

it('names the breakers that are held so that they open on nothing, and not the sandbox', () => {
  const breaker = (name: string, mode: string | null) => ({
    name,
    snapshot: () => ({ hold: mode === null ? null : { mode } }),
  });
  const list = () => [
    breaker('test', 'closed'),
    breaker('lab.chat', 'metrics_only'),
    breaker('lab.admin', 'open'),
    breaker('lab.embeddings', null),
  ];
  expect(evidenceOf(sourceOf({ breakers: { list } }), NOW).protection).toEqual({
    functions: 5,
    breakers: 3,
    disarmed: ['lab.chat'],
  });
});
