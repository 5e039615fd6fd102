/** A hundred points from live evidence: what was not measured gives none and says so, and old evidence expires. */
import type { LoadTest, Score, ScoreCheck } from '#lib/contracts/score.ts';

export interface Evidence {
  readonly nowMs: number;
  readonly loadTest: LoadTest;
  /** Breakers that calls out need a permit of, and which of them are held so that they open on nothing. */
  readonly protection: {
    readonly functions: number;
    readonly breakers: number;
    readonly disarmed: readonly string[];
  };
  /** The newest drill that has ended; null without any. */
  readonly drill: { readonly component: string; readonly passed: boolean; readonly atMs: number } | null;
  /** When the last snapshot was made, and the last second was measured; epoch ms, null before the first. */
  readonly snapshotAtMs: number | null;
  readonly measuredUntilMs: number | null;
  /** Of the last 15 minutes, the load test's own requests left out. */
  readonly traffic: { readonly requests: number; readonly servedRate: number | null };
  /** When the sandbox breaker last opened and closed again; null when it did not. */
  readonly sandboxAtMs: number | null;
  /** Of all caches since the start, the load test's own looks left out. */
  readonly cache: { readonly looks: number; readonly hitRatio: number | null };
  /** What acts, and the best skill among it; null when nothing was scored yet. */
  readonly allocation: { readonly acting: number; readonly of: number; readonly skill: number | null };
}

const EXPIRES_MS = 24 * 3_600_000;
const LIVE_MS = 3_000;
const MIN_REQUESTS = 100;
const MIN_LOOKS = 100;
const FULL_SUCCESS = 0.99;
const NO_SUCCESS = 0.95;
const HIT_RATE = 0.6;
const EFFICIENCY = 0.7;
const MOST_MS = 2;
const OF_BARE = 0.7;

type Found = Pick<ScoreCheck, 'status' | 'evidence'> & {
  readonly points?: number;
  readonly atMs: number | null;
};

const NOT_MEASURED = (evidence: string): Found => ({ status: 'not_measured', evidence, atMs: null });
const found = (passed: boolean, evidence: string, atMs: number): Found => ({
  status: passed ? 'passed' : 'failed',
  evidence,
  atMs,
});

export function scoreOf(evidence: Evidence): Score {
  const checks = CHECKS.map(({ id, title, of, goal, page, look }): ScoreCheck => {
    const { points, atMs, ...seen } = look(evidence);
    const isOld = atMs !== null && evidence.nowMs - atMs > EXPIRES_MS;
    const status = isOld ? 'expired' : seen.status;
    const given = isOld ? 0 : (points ?? (seen.status === 'passed' ? of : 0));
    const measured_at = atMs === null ? null : new Date(atMs).toISOString();
    return { id, title, of, goal, page, status, points: given, evidence: seen.evidence, measured_at };
  });
  return {
    timestamp: new Date(evidence.nowMs).toISOString(),
    score: Math.round(checks.reduce((sum, { points }) => sum + points, 0) * 10) / 10,
    of: 100,
    checks,
    load_test: evidence.loadTest,
  };
}

interface Check extends Pick<ScoreCheck, 'id' | 'title' | 'of' | 'goal' | 'page'> {
  readonly look: (evidence: Evidence) => Found;
}

const CHECKS: readonly Check[] = [
  {
    id: 'connection_pooling',
    title: 'Connection pooling',
    of: 15,
    goal: 'kept connections are faster than new ones, measured',
    page: '/score',
    look: (evidence) =>
      ofLoadTest(evidence, (figures, atMs) =>
        found(
          figures.pooling_improvement > 1,
          `a small call takes ${ms(figures.pooled_ms)} over a kept connection, ${ms(figures.unpooled_ms)} over a new one: ${figures.pooling_improvement.toFixed(2)} times`,
          atMs,
        ),
      ),
  },
  {
    id: 'breakers_protect',
    title: 'Circuit breakers protect every call out',
    of: 10,
    goal: 'every function that calls out needs the permit of a breaker, and no breaker is held closed or in metrics only',
    page: '/breakers',
    look: ({ protection: { functions, breakers, disarmed }, nowMs }) =>
      found(
        breakers > 0 && disarmed.length === 0,
        disarmed.length === 0
          ? `${functions} functions call out, under ${breakers} breakers`
          : `${disarmed.length} of ${breakers} breakers open on nothing: ${disarmed.join(', ')}`,
        nowMs,
      ),
  },
  {
    id: 'breaker_drill',
    title: 'A failure drill passed',
    of: 10,
    goal: 'the newest drill opened its breaker, leaked nothing and recovered',
    page: '/lab',
    look: ({ drill }) =>
      drill === null
        ? NOT_MEASURED('no drill has been run')
        : found(drill.passed, `${drill.component}: ${drill.passed ? 'passed' : 'failed'}`, drill.atMs),
  },
  {
    id: 'dashboard',
    title: 'The console is live',
    of: 10,
    goal: 'snapshots and measured seconds are at most 3 s old',
    page: '/',
    look: ({ snapshotAtMs, measuredUntilMs, nowMs }) => {
      if (snapshotAtMs === null || measuredUntilMs === null) return NOT_MEASURED('no snapshot was made yet');
      const oldest = nowMs - Math.min(snapshotAtMs, measuredUntilMs);
      return found(
        oldest <= LIVE_MS,
        `the newest snapshot and second are ${(oldest / 1_000).toFixed(1)} s old`,
        nowMs,
      );
    },
  },
  {
    id: 'response_time',
    title: 'Response time under load',
    of: 10,
    goal: 'a hit is answered within 2 ms at the median, and none fails',
    page: '/score',
    look: (evidence) =>
      ofLoadTest(evidence, ({ hit_p50_ms, hit_p99_ms, failed }, atMs) =>
        found(
          hit_p50_ms < MOST_MS && failed === 0,
          `p50 ${ms(hit_p50_ms)}, p99 ${ms(hit_p99_ms)}, ${failed} failed`,
          atMs,
        ),
      ),
  },
  {
    id: 'cache_throughput',
    title: 'Throughput of cache hits',
    of: 10,
    goal: 'at least 0.7 of bare node:http with the same bytes, in the same run',
    page: '/cache',
    look: (evidence) =>
      ofLoadTest(evidence, ({ hits_per_s, bare_per_s, hits_over_bare }, atMs) =>
        found(
          hits_over_bare >= OF_BARE,
          `${Math.round(hits_per_s)}/s against ${Math.round(bare_per_s)}/s: ${hits_over_bare.toFixed(2)}`,
          atMs,
        ),
      ),
  },
  {
    id: 'success_rate',
    title: 'Success rate',
    of: 15,
    goal: 'at least 99 % of the requests of the last 15 minutes were served, those of the load test aside; none of the points at 95 %',
    page: '/',
    look: ({ traffic: { requests, servedRate }, nowMs }) => {
      if (servedRate === null || requests < MIN_REQUESTS)
        return NOT_MEASURED(`${requests} of ${MIN_REQUESTS} requests in the last 15 minutes`);
      const share = Math.max(0, Math.min(1, (servedRate - NO_SUCCESS) / (FULL_SUCCESS - NO_SUCCESS)));
      const status = share === 1 ? 'passed' : share === 0 ? 'failed' : 'partly';
      const evidence = `${percent(servedRate)} of ${requests} requests of the last 15 minutes`;
      return { status, evidence, points: Math.round(15 * share * 10) / 10, atMs: nowMs };
    },
  },
  {
    id: 'breaker_testing',
    title: 'A breaker was tested',
    of: 5,
    goal: 'the sandbox breaker opened under injected failures within a day',
    page: '/breakers/test',
    look: ({ sandboxAtMs }) =>
      sandboxAtMs === null
        ? NOT_MEASURED('the sandbox breaker was not tested')
        : found(true, 'it opened', sandboxAtMs),
  },
  {
    id: 'cache_hit_rate',
    title: 'Hit rate of the cache',
    of: 5,
    goal: 'above 60 % of at least 100 looks since the start, those of the load test aside',
    page: '/cache',
    look: ({ cache: { looks, hitRatio }, nowMs }) =>
      hitRatio === null || looks < MIN_LOOKS
        ? NOT_MEASURED(`${looks} of ${MIN_LOOKS} looks`)
        : found(hitRatio > HIT_RATE, `${percent(hitRatio)} of ${looks} looks`, nowMs),
  },
  {
    id: 'request_batching',
    title: 'Request batching',
    of: 5,
    goal: 'average batch above 0.7 of the largest, with 256 concurrent callers',
    page: '/batching',
    look: (evidence) =>
      ofLoadTest(evidence, ({ batch_efficiency }, atMs) =>
        batch_efficiency === null
          ? NOT_MEASURED('no upstream serves a model for embeddings, or nothing was batched')
          : found(batch_efficiency > EFFICIENCY, `${batch_efficiency.toFixed(2)} of the largest batch`, atMs),
      ),
  },
  {
    id: 'predictive_allocation',
    title: 'Predictive allocation',
    of: 5,
    goal: 'something is sized by a forecast that is better than the last value',
    page: '/allocation',
    look: ({ allocation: { acting, of, skill }, nowMs }) => {
      if (skill === null) return NOT_MEASURED('no forecast was scored yet');
      return found(
        acting > 0 && skill > 0,
        `${acting} of ${of} are sized by forecasts, the best with a skill of ${percent(skill)}`,
        nowMs,
      );
    },
  },
];

function ofLoadTest(
  { loadTest: { figures, ended_at, state, message } }: Evidence,
  look: (figures: NonNullable<LoadTest['figures']>, atMs: number) => Found,
): Found {
  if (figures === null || ended_at === null) {
    if (state === 'running') return NOT_MEASURED('the load test is running');
    return NOT_MEASURED(message === null ? 'the load test was not run' : `the load test failed: ${message}`);
  }
  return look(figures, Date.parse(ended_at));
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
