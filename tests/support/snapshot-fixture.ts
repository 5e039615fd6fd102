/** A whole snapshot, so that tests say only what they are about. */
import { breakerSettingsSchema } from '#lib/contracts/config.ts';
import { answerKinds } from '#lib/contracts/requests.ts';
import { type Component, type Snapshot, snapshotSchema, type Traffic } from '#lib/contracts/snapshot.ts';
import { isTroubled, SANDBOX } from '#lib/contracts/worst-first.ts';
import { NO_WORKLOAD } from '#lib/lab/workload/idle.ts';

export const AT = '2026-01-01T12:00:00.000Z';
export const AT_MS = Date.parse(AT);

/** An ISO time so many seconds after `AT`. */
export function later(seconds: number): string {
  return new Date(AT_MS + seconds * 1_000).toISOString();
}

export function componentWith(name: string, given: Partial<Component> = {}): Component {
  const [upstream = null, operation = null] = name.includes('.') ? name.split('.') : [];
  return {
    name,
    upstream,
    operation,
    state: 'closed',
    computed_state: 'closed',
    hold: null,
    holds: [],
    since: AT,
    retry_at: null,
    settings: breakerSettingsSchema.parse({}),
    overrides: {},
    ramp: null,
    window: windowWith(),
    latency_ms: { p50: null, p90: null, p99: null },
    rate_per_s: 0,
    last_transition: null,
    opening: null,
    ...given,
  };
}

export function windowWith(given: Partial<Component['window']> = {}): Component['window'] {
  return {
    calls: 0,
    failures: 0,
    slow: 0,
    timeouts: 0,
    rejected: 0,
    failure_rate: null,
    slow_rate: null,
    ...given,
  };
}

/** Held open by a person. */
export function heldOpen(reason: string | null = null, expires_at: string | null = null): Partial<Component> {
  const hold = { id: 'h1', mode: 'open', by: 'local', reason, since: AT, expires_at } as const;
  return { state: 'open', hold, holds: [hold] };
}

export function transitionWith(
  given: Partial<NonNullable<Component['last_transition']>> = {},
  evidence: Partial<NonNullable<Component['last_transition']>['evidence']> = {},
): NonNullable<Component['last_transition']> {
  return {
    at: AT,
    component: 'a.chat',
    cause: 'failure_rate',
    from: 'closed',
    to: 'open',
    by: null,
    reason: null,
    generation: 2,
    evidence: {
      calls: 50,
      failures: 31,
      slow: 0,
      failure_rate: 0.62,
      slow_rate: 0,
      settings: breakerSettingsSchema.parse({}),
      errors: [],
      ...evidence,
    },
    ...given,
  };
}

export function trafficWith(
  given: Partial<Traffic> = {},
  answers: Partial<Traffic['answers']> = {},
): Traffic {
  const none = { p50: null, p90: null, p99: null };
  const zero = Object.fromEntries(answerKinds.map((kind) => [kind, 0])) as Traffic['answers'];
  return {
    window_s: 60,
    measured_s: 60,
    requests: 0,
    requests_per_s: 0,
    answers: { ...zero, ...answers },
    served_rate: null,
    latency_ms: none,
    first_byte_ms: none,
    added_ms: none,
    tokens_in_per_s: 0,
    tokens_out_per_s: 0,
    ...given,
  };
}

/** Of what is given, as if it were all there is. */
function totalsOf({ components = [], upstreams = [] }: Partial<Snapshot>): Snapshot['totals'] {
  const sum = (read: (upstream: Snapshot['upstreams'][number]) => number) =>
    upstreams.reduce((total, upstream) => total + read(upstream), 0);
  return {
    components: components.length,
    not_closed: components.filter((each) => each.name !== SANDBOX && isTroubled(each)).length,
    upstreams: upstreams.length,
    connections: sum(({ connections }) => connections),
    in_flight: sum(({ in_flight }) => in_flight),
    queued: sum(({ queued }) => queued),
  };
}

/** Checked by the schema, so that it cannot drift from the wire. */
export function snapshotWith(given: Partial<Snapshot> = {}): Snapshot {
  return snapshotSchema.parse({
    seq: 1,
    is_whole: true,
    totals: totalsOf(given),
    gone: { components: [], upstreams: [] },
    at: AT,
    started_at: AT,
    address: 'http://127.0.0.1:8003',
    notice: null,
    readiness: { ready: true, reasons: [] },
    in_flight: 0,
    requests_seen: 0,
    traffic: { minute: trafficWith(), recent: trafficWith({ window_s: 900, measured_s: 900 }) },
    components: [],
    upstreams: [],
    cache: {
      enabled: true,
      entries: 0,
      bytes: 0,
      max_bytes: 104_857_600,
      recent: {
        window_s: 100,
        outcomes: { hit_memory: 0, hit_redis: 0, stale: 0, coalesced: 0, miss: 0, bypass: 0 },
        hit_ratio: null,
        byte_hit_ratio: null,
      },
      saved_calls: 0,
      redis: 'not_configured',
    },
    batching: { pending: 0, in_flight: 0, calls_avoided: 0, average_size: null },
    faults: [],
    drills: [],
    workload: NO_WORKLOAD,
    tour: null,
    process: {
      loop_delay_p99_ms: null,
      loop_delay_max_ms: null,
      cpu_percent: null,
      rss_mb: null,
      listeners: 0,
    },
    rows: [],
    last_event_seq: 0,
    last_request_seq: 0,
    ...given,
  });
}

export function upstreamWith(
  name: string,
  given: Partial<Snapshot['upstreams'][number]> = {},
): Snapshot['upstreams'][number] {
  return {
    name,
    kind: 'ollama',
    lab: false,
    url: `http://${name}.example`,
    models: ['*'],
    connections: 64,
    in_flight: 0,
    queued: 0,
    components: [`${name}.chat`],
    ...given,
  };
}
