/**
 * Answers `GET /api/history`. Up to 15 minutes back in steps below a minute it reads the seconds in memory, and where
 * these do not reach, after a restart say, the minute that a point lies in; from a minute's step on it reads minutes.
 * Points are sums of what was measured in them, so clocks that were set and gaps change no rate and no percentile.
 */

import type { LoggedEvent } from '#lib/contracts/events.ts';
import {
  type History,
  type HistoryQuery,
  KEPT_DAYS,
  MAX_POINTS,
  MAX_SERIES,
  MINUTE_S,
  RECENT_S,
} from '#lib/contracts/history.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { BucketSum } from '#lib/telemetry/bucket.ts';
import type { Minutes } from '#lib/telemetry/minutes.ts';
import type { Scope } from '#lib/telemetry/scope.ts';
import { type AskedSeries, parseSeries, seriesValue } from '#lib/telemetry/series.ts';

export interface HistoryParts {
  now: () => number;
  minutes: Minutes;
  scope: (key: string) => Scope | undefined;
  /** Keys of all scopes. */
  scopes: () => readonly string[];
  events: (fromMs: number, toMs: number, limit: number) => LoggedEvent[];
}

/** Steps that read well on an axis. */
const NICE_STEPS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];
const AIM_POINTS = 180;
const MAX_EVENTS = 200;
const DEFAULT_SERIES =
  'requests_per_s,failed_per_s,refused_per_s,latency_p50_ms,latency_p90_ms,latency_p99_ms';

interface Plan {
  series: AskedSeries[];
  fromMs: number;
  stepMs: number;
  points: number;
  toMs: number;
}

/** @throws SwitchgearError `bad_request` naming the field, `not_found` for a component or upstream that is not there. */
export async function readHistory(query: HistoryQuery, parts: HistoryParts): Promise<History> {
  const plan = planOf(query, parts);
  const { series, fromMs, toMs, stepMs, points } = plan;
  const values = new Map<string, (number | null)[]>();
  for (const key of new Set(series.map(({ scope }) => scope))) {
    const scope = parts.scope(key);
    if (scope === undefined) continue;
    const sums = await sumsOf(scope, plan, parts.minutes);
    for (const { name, spec, scope: whose } of series) {
      if (whose !== key) continue;
      values.set(
        name,
        sums.map((sum) => (sum === undefined ? null : seriesValue(spec.name, sum))),
      );
    }
  }
  return {
    from: iso(fromMs),
    to: iso(toMs),
    step_s: stepMs / 1_000,
    times: Array.from({ length: points }, (_, index) => iso(fromMs + index * stepMs)),
    partial: fromMs + points * stepMs > parts.now(),
    series: Object.fromEntries(
      series.map(({ name, spec }) => [name, { unit: spec.unit, values: values.get(name) ?? [] }]),
    ),
    events: parts.events(fromMs, toMs, MAX_EVENTS),
  };
}

async function sumsOf(scope: Scope, plan: Plan, minutes: Minutes): Promise<(BucketSum | undefined)[]> {
  const { fromMs, toMs, stepMs, points } = plan;
  const sums: (BucketSum | undefined)[] = Array.from({ length: points });
  const sumAt = (atMs: number): BucketSum => {
    const index = Math.floor((atMs - fromMs) / stepMs);
    const sum = sums[index] ?? new BucketSum(scope.kind);
    sums[index] = sum;
    return sum;
  };
  if (stepMs >= MINUTE_S * 1_000) {
    for await (const bucket of minutes.read(scope.key, fromMs, toMs)) sumAt(bucket.atMs).add(bucket);
    return sums;
  }
  for (const bucket of scope.ring.between(fromMs, toMs)) sumAt(bucket.atMs).add(bucket);
  const { oldestMs } = scope.ring;
  if (oldestMs <= fromMs) return sums;
  const minuteMs = MINUTE_S * 1_000;
  // Whole minutes only: the one in which the seconds begin is theirs, and says nothing of the time before.
  const before = Math.min(Math.floor(oldestMs / minuteMs) * minuteMs, toMs);
  for await (const bucket of minutes.read(scope.key, fromMs - minuteMs, before)) {
    const first = Math.max(fromMs, fromMs + Math.ceil((bucket.atMs - fromMs) / stepMs) * stepMs);
    const end = Math.min(bucket.atMs + minuteMs, before);
    for (let atMs = first; atMs + stepMs <= end; atMs += stepMs) sumAt(atMs).add(bucket);
  }
  return sums;
}

function planOf(query: HistoryQuery, parts: HistoryParts): Plan {
  const names = [...new Set((query.series ?? DEFAULT_SERIES).split(',').map((name) => name.trim()))];
  if (names.length > MAX_SERIES) {
    throw refused('series', `${names.length} series`, `at most ${MAX_SERIES} can be asked for at once`);
  }
  const series = names.map(parseSeries);
  for (const { name, scope } of series) checkScope(name, scope, parts);
  const nowMs = parts.now();
  const askedToMs = Math.min(nowMs, timeOf('to', query.to) ?? nowMs);
  const askedFromMs = Math.max(
    nowMs - KEPT_DAYS * 86_400_000,
    timeOf('from', query.from) ?? askedToMs - RECENT_S * 1_000,
  );
  if (askedFromMs >= askedToMs) {
    throw refused('from', query.from ?? iso(askedFromMs), 'must be before to, and to not in the future');
  }
  const stepMs = stepOf(query.step_s, askedFromMs, askedToMs, nowMs) * 1_000;
  const fromMs = Math.floor(askedFromMs / stepMs) * stepMs;
  const points = Math.max(1, Math.ceil((askedToMs - fromMs) / stepMs));
  if (points > MAX_POINTS) {
    throw refused('step_s', stepMs / 1_000, `that makes ${points} points, at most ${MAX_POINTS} are allowed`);
  }
  return { series, fromMs, toMs: askedToMs, stepMs, points };
}

/** A whole number of minutes as soon as it is a minute, or reaches back where only minutes are kept. */
function stepOf(asked: number | undefined, fromMs: number, toMs: number, nowMs: number): number {
  const aim = (toMs - fromMs) / 1_000 / AIM_POINTS;
  const chosen = asked ?? NICE_STEPS_S.find((step) => step >= aim) ?? 86_400;
  const old = fromMs < nowMs - (RECENT_S + MINUTE_S) * 1_000;
  return chosen >= MINUTE_S || old ? Math.ceil(chosen / MINUTE_S) * MINUTE_S : chosen;
}

function checkScope(name: string, scope: string, parts: HistoryParts): void {
  if (parts.scope(scope) !== undefined) return;
  const kind = scope.split(':', 1)[0] ?? '';
  const known = parts
    .scopes()
    .filter((key) => key.startsWith(`${kind}:`))
    .map((key) => key.slice(kind.length + 1));
  throw new SwitchgearError(
    'not_found',
    `series: ${JSON.stringify(name.slice(0, 100))} names no ${kind} that is there; known are ${known.join(', ')}`,
    { field: 'series' },
  );
}

/** Epoch milliseconds of an ISO time or of epoch seconds. */
function timeOf(field: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /^\d{1,11}(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw refused(field, text, 'must be a time such as 2026-01-31T12:00:00Z, or epoch seconds');
}

function refused(field: string, value: unknown, allowed: string): SwitchgearError {
  return new SwitchgearError('bad_request', `${field}: ${JSON.stringify(value)} is not allowed; ${allowed}`, {
    field,
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
