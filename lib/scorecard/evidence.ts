/** What the score is made of, read off the running parts. */
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import { SANDBOX } from '#lib/breaker/sandbox.ts';
import type { Coverage, Transition } from '#lib/contracts/breakers.ts';
import type { Drill } from '#lib/contracts/drills.ts';
import type { LoadTest } from '#lib/contracts/score.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';
import type { PredictionService } from '#lib/predictions.ts';
import type { Evidence } from '#lib/scorecard/scorecard.ts';
import type { Telemetry } from '#lib/telemetry/telemetry.ts';

/** The runtime, as far as it gives evidence. */
export interface EvidenceSource {
  readonly breakers: BreakerRegistry;
  readonly drills: { list(): Drill[] };
  readonly loadTests: { status(): LoadTest };
  readonly telemetry: Telemetry;
  readonly predictions: PredictionService;
  readonly snapshots: { now(): Snapshot };
  coverage(): Coverage;
  cacheTotals(): { hits: number; misses: number; hitRatio: number | null };
  transitionsOf(component: string, limit: number): Transition[];
}

/** Of the sandbox: its last turns, among which an opening is looked for. */
const TURNS = 20;

/** @param nowMs epoch milliseconds */
export function evidenceOf(source: EvidenceSource, nowMs: number): Evidence {
  const { recent } = source.telemetry.traffic();
  const { hits, misses, hitRatio } = source.cacheTotals();
  const measuredUntilMs = source.telemetry.sealedUntilMs;
  const tested = source.transitionsOf(SANDBOX, TURNS).find(({ to }) => to === 'open');
  return {
    nowMs,
    loadTest: source.loadTests.status(),
    protection: protectionOf(source),
    drill: newestDrill(source.drills.list()),
    snapshotAtMs: Date.parse(source.snapshots.now().at),
    measuredUntilMs: measuredUntilMs === 0 ? null : measuredUntilMs,
    traffic: { requests: recent.requests, servedRate: recent.served_rate },
    sandboxAtMs: tested === undefined ? null : Date.parse(tested.at),
    cache: { looks: hits + misses, hitRatio },
    allocation: allocationOf(source.predictions),
  };
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
