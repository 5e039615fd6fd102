/**
 * All that is measured, second by second: requests, calls of components, load of upstreams, this process. Recording
 * costs the same whatever came before; a tick a second seals what was recorded, and everything that is shown, streamed
 * or exported is read from these same numbers.
 */

import type { CallMeter } from '#lib/breaker/types.ts';
import type { Counts } from '#lib/cache/counts.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { type History, type HistoryQuery, RECENT_S } from '#lib/contracts/history.ts';
import { answerKinds, servedKinds } from '#lib/contracts/requests.ts';
import type { Traffic } from '#lib/contracts/snapshot.ts';
import type { MinuteStore } from '#lib/store/minute-store.ts';
import { type Bucket, type BucketSum, type ScopeKind, SHAPES } from '#lib/telemetry/bucket.ts';
import { readHistory } from '#lib/telemetry/history.ts';
import { Minutes } from '#lib/telemetry/minutes.ts';
import { ModelMeters } from '#lib/telemetry/model-meters.ts';
import type { ProcessSample } from '#lib/telemetry/process-sampler.ts';
import { QuietSecond } from '#lib/telemetry/quiet-second.ts';
import { RequestLog } from '#lib/telemetry/request-log.ts';
import { RequestTrace } from '#lib/telemetry/request-trace.ts';
import { MINUTE_WINDOW_S, Scope, SummedScope } from '#lib/telemetry/scope.ts';
import { requestsIn, servedRate } from '#lib/telemetry/series.ts';

export interface UpstreamLoad {
  readonly name: string;
  readonly inFlight: number;
  readonly queued: number;
  readonly capacity: number;
}

export interface TelemetryParts {
  /** Wall clock, epoch milliseconds; it may be set. */
  now: () => number;
  /** Monotonic clock, milliseconds. */
  monotonicMs: () => number;
  minutes: MinuteStore;
  upstreams: () => readonly UpstreamLoad[];
  /** Of all caches together since the start, and what they hold now. */
  cache: () => { total: Counts; bytes: number; entries: number };
  process: () => ProcessSample;
  events: (fromMs: number, toMs: number, limit: number) => LoggedEvent[];
}

const { counters, histograms } = SHAPES.gateway;
const TOKENS_IN = counters.indexOf('tokens_in');
const TOKENS_OUT = counters.indexOf('tokens_out');
const LATENCY = histograms.indexOf('latency');
const FIRST_BYTE = histograms.indexOf('first_byte');
const ADDED = histograms.indexOf('added');
/** Those of which there is one. */
const SHARED_SCOPES = ['gateway', 'process', 'cache'] as const;
const SERVED: ReadonlySet<string> = new Set(servedKinds);

export class Telemetry {
  readonly requests = new RequestLog();
  readonly models = new ModelMeters();
  readonly #parts: TelemetryParts;
  readonly #gateway = new SummedScope('gateway', '');
  /** By key; as many as there are components and upstreams. */
  readonly #scopes = new Map<string, Scope>([['gateway', this.#gateway]]);
  readonly #minutes: Minutes;
  #lastTickMs: number;
  #lastSample: ProcessSample | null = null;
  #sealedUntilMs = 0;
  #inFlight = 0;
  /** As they were at the last tick. */
  #cacheCounts: readonly number[] = [];

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
    this.#minutes = new Minutes(parts.minutes);
    this.#lastTickMs = parts.monotonicMs();
    this.#scope('process', '');
    this.#scope('cache', '');
  }

  /** Requests that have begun and not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Of the last sealed second; null before the first. */
  get lastSample(): ProcessSample | null {
    return this.#lastSample;
  }

  /** Where the last sealed second ended, epoch milliseconds. */
  get sealedUntilMs(): number {
    return this.#sealedUntilMs;
  }

  begin(facts: Omit<ConstructorParameters<typeof RequestTrace>[0], 'atMs'>): RequestTrace {
    this.#inFlight += 1;
    return new RequestTrace({ ...facts, atMs: this.#parts.now() });
  }

  end(trace: RequestTrace, complete: boolean): void {
    const endedAt = this.#parts.monotonicMs();
    this.#inFlight -= 1;
    trace.endedAt = endedAt;
    trace.queueEnded(endedAt);
    if (!complete && trace.errorCode === null) trace.how = 'cancelled';
    this.#record(this.#gateway, trace, endedAt);
    const model = this.models.of(trace, SERVED.has(trace.how));
    if (model !== null) {
      this.#record(model, trace, endedAt);
      if (trace.usage !== null) model.tokens.add(trace.usage);
    }
    this.requests.add(trace, endedAt);
  }

  /** Where a component's calls are counted, for as long as the component lasts. */
  meterOf(component: string): CallMeter {
    const { meter } = this.#scope('component', component);
    const [CALLS, FAILURES, REJECTED] = [0, 1, 2];
    return {
      call(durationMs, failed) {
        meter.count(CALLS);
        if (failed) meter.count(FAILURES);
        meter.observe(0, durationMs);
      },
      rejected: () => meter.count(REJECTED),
    };
  }

  /** Forgets components and upstreams that are gone; what the store has of them stays. */
  retain(components: Iterable<string>, upstreams: Iterable<string>): void {
    const kept = new Set<string>(SHARED_SCOPES);
    for (const name of components) kept.add(`component:${name}`);
    for (const name of upstreams) kept.add(`upstream:${name}`);
    for (const key of [...this.#scopes.keys()]) if (!kept.has(key)) this.#scopes.delete(key);
  }

  scope(key: string): Scope | undefined {
    return this.#scopes.get(key);
  }

  scopes(): Iterable<Scope> {
    return this.#scopes.values();
  }

  /** Those of which there is one, and those of these components and upstreams. */
  scopesOf(components: readonly string[], upstreams: readonly string[]): Scope[] {
    const keys = [
      ...SHARED_SCOPES,
      ...components.map((name) => `component:${name}`),
      ...upstreams.map((name) => `upstream:${name}`),
    ];
    return keys.flatMap((key) => this.#scopes.get(key) ?? []);
  }

  /** Seals the second that has passed; to be called once a second. */
  tick(): void {
    const nowMs = this.#parts.now();
    const tickMs = this.#parts.monotonicMs();
    const measuredMs = tickMs - this.#lastTickMs;
    if (measuredMs <= 0) return;
    this.#lastTickMs = tickMs;
    this.#sampleGauges();
    // By the wall clock, on whole seconds; after a stall it begins where the stall did.
    const atMs = Math.round((nowMs - measuredMs) / 1_000) * 1_000;
    const sealed = new Map<string, Bucket>();
    const quiet = new QuietSecond(atMs, measuredMs);
    for (const scope of this.#scopes.values()) sealed.set(scope.key, scope.seal(atMs, measuredMs, quiet));
    this.#minutes.add(atMs, sealed);
    this.#sealedUntilMs = atMs + Math.max(1, Math.round(measuredMs / 1_000)) * 1_000;
    this.models.seal();
  }

  /** @throws SwitchgearError `bad_request`, `not_found` */
  history(query: HistoryQuery): Promise<History> {
    return readHistory(query, {
      now: this.#parts.now,
      minutes: this.#minutes,
      scope: (key) => this.#scopes.get(key),
      scopes: () => [...this.#scopes.keys()],
      events: this.#parts.events,
    });
  }

  traffic(): { minute: Traffic; recent: Traffic } {
    return {
      minute: trafficOf(this.#gateway.lastMinute, MINUTE_WINDOW_S),
      recent: trafficOf(this.#gateway.recent, RECENT_S),
    };
  }

  /** Writes what the store does not have yet. */
  close(): void {
    this.tick();
    this.#minutes.write();
  }

  #record({ meter }: Pick<Scope, 'meter'>, trace: RequestTrace, endedAt: number): void {
    meter.count(answerKinds.indexOf(trace.how));
    if (trace.usage !== null) {
      meter.count(TOKENS_IN, trace.usage.input);
      meter.count(TOKENS_OUT, trace.usage.output);
    }
    if (!SERVED.has(trace.how)) return;
    meter.observe(LATENCY, endedAt - trace.startedAt);
    if (trace.stream && trace.answeredAt !== null) {
      meter.observe(FIRST_BYTE, trace.answeredAt - trace.startedAt);
    }
    const { addedMs } = trace;
    if (addedMs !== null) meter.observe(ADDED, addedMs);
  }

  #sampleGauges(): void {
    const all = [0, 0, 0];
    for (const { name, inFlight, queued, capacity } of this.#parts.upstreams()) {
      const { meter } = this.#scope('upstream', name);
      [inFlight, queued, capacity].forEach((value, gauge) => {
        meter.gauge(gauge, value);
        all[gauge] = (all[gauge] ?? 0) + value;
      });
    }
    all.forEach((value, gauge) => {
      this.#gateway.meter.gauge(gauge, value);
    });
    this.#sampleCache();
    const sample = this.#parts.process();
    this.#lastSample = sample;
    const { meter } = this.#scope('process', '');
    [sample.loopDelayP99Ms, sample.cpuPercent, sample.rssMb].forEach((value, gauge) => {
      meter.gauge(gauge, value);
    });
  }

  #sampleCache(): void {
    const { total, bytes, entries } = this.#parts.cache();
    const { meter } = this.#scope('cache', '');
    const counts = [
      total.hit_memory,
      total.hit_redis,
      total.stale,
      total.coalesced,
      total.miss,
      total.bypass,
      total.evicted_size + total.evicted_ttl + total.evicted_purge,
      total.checks,
      total.wrong_hits,
    ];
    counts.forEach((count, counter) => {
      meter.count(counter, count - (this.#cacheCounts[counter] ?? 0));
    });
    this.#cacheCounts = counts;
    meter.gauge(0, bytes);
    meter.gauge(1, entries);
  }

  #scope(kind: ScopeKind, name: string): Scope {
    const key = name === '' ? kind : `${kind}:${name}`;
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const scope = new Scope(kind, name);
    this.#scopes.set(key, scope);
    return scope;
  }
}

const SHARES = [0.5, 0.9, 0.99];

function trafficOf(sum: BucketSum, window_s: number): Traffic {
  const measured_s = sum.measuredMs / 1_000;
  const perSecond = (count: number) => (measured_s === 0 ? 0 : count / measured_s);
  const percentiles = (name: string) => {
    const [p50 = null, p90 = null, p99 = null] = sum.percentiles(name, SHARES);
    return { p50, p90, p99 };
  };
  const requests = requestsIn(sum);
  return {
    window_s,
    measured_s,
    requests,
    requests_per_s: perSecond(requests),
    answers: Object.fromEntries(answerKinds.map((kind) => [kind, sum.count(kind)])) as Traffic['answers'],
    served_rate: servedRate(sum),
    latency_ms: percentiles('latency'),
    first_byte_ms: percentiles('first_byte'),
    added_ms: percentiles('added'),
    tokens_in_per_s: perSecond(sum.count('tokens_in')),
    tokens_out_per_s: perSecond(sum.count('tokens_out')),
  };
}
