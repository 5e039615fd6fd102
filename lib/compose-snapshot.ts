/** Puts together what the console shows, from the parts that know it. */
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import type { CacheSnapshot } from '#lib/contracts/cache.ts';
import type { Drill } from '#lib/contracts/drills.ts';
import type { Readiness } from '#lib/contracts/health.ts';
import type { Component, Snapshot } from '#lib/contracts/snapshot.ts';
import type { TourNow } from '#lib/contracts/tour.ts';
import type { UpstreamView } from '#lib/contracts/upstreams.ts';
import type { Workload } from '#lib/contracts/workload.ts';
import type { FaultRegistry } from '#lib/lab/faults.ts';
import type { Frame } from '#lib/telemetry/snapshots.ts';
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
export function composeSnapshot(parts: SnapshotSource, { seq, rows }: Frame, nowMs: number): Snapshot {
  const { telemetry } = parts;
  const upstreams = parts.upstreams();
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
    components: componentsOf(parts.breakers, upstreams),
    upstreams,
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
    rows,
    last_event_seq: parts.events.lastSeq,
    last_request_seq: telemetry.requests.lastSeq,
  };
}

function componentsOf(breakers: BreakerRegistry, upstreams: readonly UpstreamView[]): Component[] {
  const owners = new Map(
    upstreams.flatMap(({ name, components }) => components.map((component) => [component, name] as const)),
  );
  return breakers.list().map((breaker) => {
    const upstream = owners.get(breaker.name) ?? null;
    const operation = upstream === null ? null : breaker.name.slice(upstream.length + 1);
    return { ...breaker.snapshot(), upstream, operation };
  });
}
