/**
 * How route handlers and pages reach the composition root. Next bundles them apart from the server, so a module can
 * exist twice in one process; the one runtime hangs on `globalThis`.
 */
import type { AccessPolicy } from '#lib/access/policy.ts';
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import type { ResponseCache } from '#lib/cache/response-cache.ts';
import type { Batching, BatchKind, BatchLimitsPatch } from '#lib/contracts/batching.ts';
import type { Coverage, SettingsOverrides, Transition, WhatIf } from '#lib/contracts/breakers.ts';
import type { CacheMetrics } from '#lib/contracts/cache.ts';
import type { Config } from '#lib/contracts/config.ts';
import type { Readiness } from '#lib/contracts/health.ts';
import type { Score } from '#lib/contracts/score.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';
import type { UpstreamView } from '#lib/contracts/upstreams.ts';
import type { DrillControl } from '#lib/lab/drills/control.ts';
import type { FaultRegistry } from '#lib/lab/faults.ts';
import type { TourControl } from '#lib/lab/tour/control.ts';
import type { WorkloadControl } from '#lib/lab/workload/control.ts';
import type { PredictionService } from '#lib/predictions.ts';
import type { LoadTests } from '#lib/scorecard/load-test/control.ts';
import type { EventLog } from '#lib/telemetry/event-log.ts';
import type { Prometheus } from '#lib/telemetry/prometheus.ts';
import type { Telemetry } from '#lib/telemetry/telemetry.ts';

/** An operator's action, as it goes into the event log. */
export interface AuditEntry {
  /** `breaker_trip`, `fault_injected`, … */
  action: string;
  component?: string | undefined;
  by: string;
  reason?: string | undefined;
  before?: unknown;
  after?: unknown;
}

export interface RuntimeHandle {
  readonly startedAt: string;
  readonly address: { url: string };
  readonly notice: string | null;
  readonly access: AccessPolicy;
  readonly breakers: BreakerRegistry;
  readonly faults: FaultRegistry;
  readonly drills: DrillControl;
  readonly events: EventLog;
  readonly workload: WorkloadControl;
  readonly tour: TourControl;
  readonly telemetry: Telemetry;
  readonly prometheus: Prometheus;
  readonly cache: ResponseCache;
  readonly predictions: PredictionService;
  readonly loadTests: LoadTests;
  config(): Config;
  upstreams(): UpstreamView[];
  cacheMetrics(): Promise<CacheMetrics>;
  /** Of all caches since the start. */
  cacheTotals(): { hits: number; misses: number; hitRatio: number | null };
  batching(): Batching;
  setBatchLimits(kind: BatchKind, upstream: string, limits: BatchLimitsPatch): void;
  /** Takes effect at once, until the configured budget changes. */
  setCacheMemory(megabytes: number): void;
  /** The functions that call out, and that each is protected. */
  coverage(): Coverage;
  /** What a component's breaker went through, newest first. */
  transitionsOf(component: string, limit: number): Transition[];
  /** What other settings would have made of the last hour. @throws SwitchgearError `conflict` when too many run */
  whatIf(component: string, draft: SettingsOverrides): Promise<WhatIf>;
  /** From live evidence, as it is now. */
  score(): Score;
  readiness(): Readiness;
  /** All that moves, as it is now: what a stream begins with that is asked for these components. */
  snapshot(components?: readonly string[]): Snapshot;
  audit(entry: AuditEntry): void;
  /** Logs a fault of our own that a caller was told nothing of. */
  reportError(error: unknown): void;
}

const KEY = Symbol.for('switchgear.runtime');
const holder = globalThis as { [KEY]?: RuntimeHandle };

export function setRuntime(runtime: RuntimeHandle): void {
  holder[KEY] = runtime;
}

/** The runtime, or null while the server is starting. */
export function getRuntime(): RuntimeHandle | null {
  return holder[KEY] ?? null;
}
