/** What the score is made of, read off the running parts. */
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import { SANDBOX } from '#lib/breaker/sandbox.ts';
import type { Coverage, Transition } from '#lib/contracts/breakers.ts';
import type { Drill } from '#lib/contracts/drills.ts';
import type { LoadTest } from '#lib/contracts/score.ts';
import type { Snapshot, Traffic } from '#lib/contracts/snapshot.ts';
import type { PredictionService } from '#lib/predictions.ts';
import type { OwnRequests } from '#lib/scorecard/load-test/messages.ts';
import type { Evidence } from '#lib/scorecard/scorecard.ts';
import type { Telemetry } from '#lib/telemetry/telemetry.ts';

/** The runtime, as far as it gives evidence. */
export interface EvidenceSource {
  readonly breakers: BreakerRegistry;
  readonly drills: { list(): Drill[] };
  readonly loadTests: { status(): LoadTest; own(sinceMs: number): OwnRequests };
  readonly telemetry: Telemetry;
  readonly predictions: PredictionService;
  readonly snapshots: { now(): Snapshot };
  coverage(): Coverage;
  cacheTotals(): { hits: number; misses: number };
  transitionsOf(component: string, limit: number): Transition[];
}

/** Of the sandbox: its last turns, among which an opening is looked for. */
const TURNS = 20;

/** @param nowMs epoch milliseconds */
export function evidenceOf(source: EvidenceSource, nowMs: number): Evidence {
  const { recent } = source.telemetry.traffic();
  const measuredUntilMs = source.telemetry.sealedUntilMs;
  const tested = source.transitionsOf(SANDBOX, TURNS).find(({ to }) => to === 'open');
  return {
    nowMs,
    loadTest: source.loadTests.status(),
    protection: protectionOf(source),
    drill: newestDrill(source.drills.list()),
    snapshotAtMs: Date.parse(source.snapshots.now().at),
    measuredUntilMs: measuredUntilMs === 0 ? null : measuredUntilMs,
    traffic: trafficOf(recent, source.loadTests.own(nowMs - recent.window_s * 1_000)),
    sandboxAtMs: tested === undefined ? null : Date.parse(tested.at),
    cache: cacheOf(source.cacheTotals(), source.loadTests.own(0)),
    allocation: allocationOf(source.predictions),
  };
}

/** Without the load test's own requests: so many good ones would hide any number of bad ones. */
function trafficOf({ requests, served_rate }: Traffic, own: OwnRequests): Evidence['traffic'] {
  const others = Math.max(0, requests - own.hits - own.misses);
  if (served_rate === null || others === 0) return { requests: others, servedRate: null };
  const failed = requests * (1 - served_rate);
  return { requests: others, servedRate: Math.max(0, 1 - failed / others) };
}

function cacheOf(totals: { hits: number; misses: number }, own: OwnRequests): Evidence['cache'] {
  const hits = Math.max(0, totals.hits - own.hits);
  const looks = hits + Math.max(0, totals.misses - own.misses);
  return { looks, hitRatio: looks === 0 ? null : hits / looks };
}

function protectionOf({ breakers, coverage }: EvidenceSource): Evidence['protection'] {
  const guarding = breakers.list().filter(({ name }) => name !== SANDBOX);
  const disarmed = guarding.filter((breaker) => {
    const mode = breaker.snapshot().hold?.mode;
    return mode === 'closed' || mode === 'metrics_only';
  });
  return {
    functions: coverage().protected_functions,
    breakers: guarding.length,
    disarmed: disarmed.map(({ name }) => name),
  };
}

function newestDrill(drills: readonly Drill[]): Evidence['drill'] {
  const drill = drills.find(({ ended_at }) => ended_at !== null);
  if (drill?.ended_at == null) return null;
  const { component, status, ended_at } = drill;
  return { component, passed: status === 'passed', atMs: Date.parse(ended_at) };
}

function allocationOf({ allocation }: PredictionService): Evidence['allocation'] {
  const targets = allocation.targets();
  const acting = targets.filter(({ mode }) => mode === 'act');
  const skills = (acting.length > 0 ? acting : targets).flatMap(
    ({ outlook }) => outlook?.standing.skill ?? [],
  );
  return {
    acting: acting.length,
    of: targets.length,
    skill: skills.length === 0 ? null : Math.max(...skills),
  };
}
