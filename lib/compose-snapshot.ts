/** Puts together what the console shows, from the parts that know it. */
import type { CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import type { CacheSnapshot } from '#lib/contracts/cache.ts';
import type { Drill } from '#lib/contracts/drills.ts';
import type { Readiness } from '#lib/contracts/health.ts';
import type { Component, Snapshot } from '#lib/contracts/snapshot.ts';
import type { TourNow } from '#lib/contracts/tour.ts';
import type { UpstreamView } from '#lib/contracts/upstreams.ts';
import type { Workload } from '#lib/contracts/workload.ts';
import { isTroubled, SANDBOX } from '#lib/contracts/worst-first.ts';
import type { FaultRegistry } from '#lib/lab/faults.ts';
import type { Picture } from '#lib/telemetry/snapshots.ts';
import type { Telemetry } from '#lib/telemetry/telemetry.ts';

/** The runtime, as far as a snapshot shows it. */
export interface SnapshotSource {
  readonly startedAt: string;
  readonly address: { url: string };
  readonly notice: string | null;
  readonly breakers: BreakerRegistry;
  readonly faults: FaultRegistry;
  readonly drills: { running(): Drill[] };
  readonly events: { readonly lastSeq: number };
  readonly streams: { readonly consoles: number };
  readonly telemetry: Telemetry;
  readonly workload: { status(): Workload };
  readonly tour: { readonly now: TourNow | null };
  cacheSnapshot(): CacheSnapshot;
  batchingSnapshot(): Snapshot['batching'];
  upstreams(): UpstreamView[];
  readiness(): Readiness;
}

/** @param nowMs epoch milliseconds */
export function pictureOf(parts: SnapshotSource, seq: number, nowMs: number): Picture {
  const upstreams = parts.upstreams();
  const breakers = parts.breakers.list();
  const components = breakers.map((breaker) => breaker.standing());
  const owners = new Map(
    upstreams.flatMap((upstream) => upstream.components.map((name) => [name, upstream])),
  );
  const sum = (read: (upstream: UpstreamView) => number) =>
    upstreams.reduce((total, upstream) => total + read(upstream), 0);
  const totals = {
    components: components.length,
    not_closed: components.filter((each) => each.name !== SANDBOX && isTroubled(each)).length,
    upstreams: upstreams.length,
    connections: sum(({ connections }) => connections),
    in_flight: sum(({ in_flight }) => in_flight),
    queued: sum(({ queued }) => queued),
  };
  const common = commonOf(parts, seq, nowMs);
  const made = new Map<string, Component>();
  return {
    components,
    show(names, rows) {
      const chosen = new Set(names);
      const shown = breakers
        .filter(({ name }) => chosen.has(name))
        .map((breaker) => {
          const component = made.get(breaker.name) ?? componentOf(breaker, owners.get(breaker.name));
          made.set(breaker.name, component);
          return component;
        });
      // All of them where all components are shown, also one that has none.
      const isAll = shown.length === components.length;
      const needed = new Set(shown.map(({ upstream }) => upstream));
      const theirs = isAll ? upstreams : upstreams.filter(({ name }) => needed.has(name));
      return {
        ...common,
        is_whole: true,
        totals,
        gone: { components: [], upstreams: [] },
        components: shown,
        upstreams: theirs,
        rows: rows(
          names,
          theirs.map(({ name }) => name),
        ),
      };
    },
  };
}

type Common = Omit<Snapshot, 'is_whole' | 'totals' | 'gone' | 'components' | 'upstreams' | 'rows'>;

function commonOf(parts: SnapshotSource, seq: number, nowMs: number): Common {
  const { telemetry } = parts;
  const sample = telemetry.lastSample;
  return {
    seq,
    at: new Date(nowMs).toISOString(),
    started_at: parts.startedAt,
    address: parts.address.url,
    notice: parts.notice,
    readiness: parts.readiness(),
    in_flight: telemetry.inFlight,
    requests_seen: telemetry.requests.seen,
    traffic: telemetry.traffic(),
    cache: parts.cacheSnapshot(),
    batching: parts.batchingSnapshot(),
    faults: parts.faults.list(),
    drills: parts.drills.running(),
    workload: parts.workload.status(),
    tour: parts.tour.now,
    process: {
      loop_delay_p99_ms: sample?.loopDelayP99Ms ?? null,
      loop_delay_max_ms: sample?.loopDelayMaxMs ?? null,
      cpu_percent: sample?.cpuPercent ?? null,
      rss_mb: sample?.rssMb ?? null,
      listeners: parts.streams.consoles,
    },
    last_event_seq: parts.events.lastSeq,
    last_request_seq: telemetry.requests.lastSeq,
  };
}

function componentOf(breaker: CircuitBreaker, owner: UpstreamView | undefined): Component {
  const upstream = owner?.name ?? null;
  const operation = upstream === null ? null : breaker.name.slice(upstream.length + 1);
  return { ...breaker.snapshot(), upstream, operation };
}
