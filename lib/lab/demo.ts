/**
 * What `npm run demo` serves from, and the traffic that it sends: two labs, the second there for when the first fails,
 * a day that takes five minutes, and the usage that two weeks of such days would have left.
 */
import { GATEWAY_SERIES, modelSeries, type UsageRow } from '#lib/allocation/usage.ts';
import { type Config, upstreamSchema } from '#lib/contracts/config.ts';
import {
  type WorkloadRequest,
  type WorkloadSettings,
  workloadRequestSchema,
} from '#lib/contracts/workload.ts';
import { findModel } from '#lib/lab/models.ts';
import { FAILING, STANDBY } from '#lib/lab/tour/steps.ts';
import { arrivals } from '#lib/lab/workload/arrivals.ts';
import { plannedRequests } from '#lib/lab/workload/plan.ts';

export const DEMO_NOTICE =
  'Demo: two embedded labs, stand-ins and no AI models, and a seeded workload over real HTTP';

const DAY_S = 300;
const STEP_S = 5;
const DAYS = 14;
const HISTORY_SEED = 7;
/** Short, so that a recovery and stale answers are seen within minutes. */
const BREAKER = { open_s: 3, minimum_calls: 5 };
const TTL_S = 60;
const HIT_MS = 1;

/** The configuration with the demo's upstreams in the place of its own, and forecasts of its short day that act. */
export function demoConfig(config: Config): Config {
  const labs = [FAILING, STANDBY].map((name) =>
    upstreamSchema.parse({ name, kind: 'lab', breaker: BREAKER, cache: { ttl_s: TTL_S } }),
  );
  const allocation = {
    ...config.allocation,
    mode: 'act' as const,
    step_s: STEP_S,
    season_s: DAY_S,
    // A quarter of an hour of such a day; loads take as long as on a real one, so each is worth
    // less of it.
    keep_alive_s: 3,
    cold_start_worth: 30,
  };
  return { ...config, upstreams: labs, allocation };
}

/** Well within what one lab can carry at its peak; three of its models are wanted in some hours only. */
export function demoWorkload(nowS: number): WorkloadRequest {
  return workloadRequestSchema.parse({
    shape: 'day',
    day_s: DAY_S,
    // So that the hours of the day are those of the calendar.
    day_begun: (nowS % DAY_S) / DAY_S,
    rate_per_s: 12,
    prompts: 200,
    chat_model: 'lab-small',
    rota: [
      { model: 'lab-code', from_h: 8, to_h: 12, share: 0.2 },
      { model: 'lab-large', from_h: 14, to_h: 15.5, share: 0.12 },
      { model: 'lab-chat', from_h: 19, to_h: 23, share: 0.25 },
    ],
    reason: 'demo',
  });
}

/**
 * The usage of the days before, as the same workload with another seed would have left it: what repeats is taken to be
 * answered by the cache, and calls to take as long as their models need for their tokens.
 */
export function demoHistory(nowS: number): UsageRow[] {
  const request = demoWorkload(0);
  const settings: WorkloadSettings = { ...request, seed: HISTORY_SEED, duration_s: null, arrivals: null };
  const fromS = (Math.floor(nowS / DAY_S) - DAYS) * DAY_S;
  const steps = new Steps();
  const kept = new Set<string>();
  let atMs = 0;
  const plan = plannedRequests(settings, () => atMs);
  for (atMs of arrivals(settings)) {
    const atS = fromS + atMs / 1_000;
    if (atS >= nowS - STEP_S) break;
    const { body } = plan.next().value ?? { body: '{}' };
    const isRepeat = kept.has(body);
    const asked = JSON.parse(body) as {
      model: string;
      input?: unknown;
      temperature?: number;
      options?: object;
    };
    const isKept = asked.input !== undefined || body.includes('"temperature":0');
    if (isKept) kept.add(body);
    const durationS = isRepeat ? HIT_MS / 1_000 : durationOf(asked);
    steps.add(GATEWAY_SERIES, atS, durationS);
    if (isRepeat) continue;
    steps.add(FAILING, atS, durationS);
    steps.add(modelSeries(FAILING, asked.model), atS, durationS);
  }
  return steps.rows(fromS, nowS - STEP_S);
}

function durationOf(asked: {
  model: string;
  max_tokens?: number;
  options?: { num_predict?: number };
}): number {
  const tokens = asked.max_tokens ?? asked.options?.num_predict ?? 0;
  const { tokensPerSecond = 1, callSeconds = 0 } = findModel(asked.model) ?? {};
  return callSeconds + (tokens === 0 ? 0 : tokens / tokensPerSecond);
}

/** Calls by series and step: how many, for how long, and how many at a time at most. */
class Steps {
  readonly #series = new Map<string, Map<number, { requests: number; totalS: number; peak: number }>>();
  readonly #running = new Map<string, number[]>();

  add(series: string, atS: number, durationS: number): void {
    const running = (this.#running.get(series) ?? []).filter((endS) => endS > atS);
    running.push(atS + durationS);
    this.#running.set(series, running);
    const steps = this.#series.get(series) ?? new Map();
    this.#series.set(series, steps);
    const step = Math.floor(atS / STEP_S);
    const known = steps.get(step) ?? { requests: 0, totalS: 0, peak: 0 };
    steps.set(step, {
      requests: known.requests + 1,
      totalS: known.totalS + durationS,
      peak: Math.max(known.peak, running.length),
    });
  }

  /** A row for every step of every series, by time: one without calls was idle, and no gap. */
  rows(fromS: number, toS: number): UsageRow[] {
    const rows: UsageRow[] = [];
    for (let step = Math.ceil(fromS / STEP_S); (step + 1) * STEP_S <= toS; step += 1) {
      for (const [series, steps] of this.#series) {
        const { requests = 0, totalS = 0, peak = 0 } = steps.get(step) ?? {};
        const responseMs = requests === 0 ? null : (1_000 * totalS) / requests;
        rows.push({ series, atS: step * STEP_S, lastsS: STEP_S, requests, demand: peak, responseMs });
      }
    }
    return rows;
  }
}
