/**
 * The breaker of one component. Below is what its traffic makes of it: closed, open, half-open, each a generation of
 * its own with a fresh window. Above may lie an operator's hold, which decides what callers meet until it is lifted
 * or expires. A call belongs to the generation that admitted it; what ends later changes nothing.
 */
import { closedEngine, type Engine, openFor, probeEngine, Work } from '#lib/breaker/engine.ts';
import { type Act, Hold, type HoldOptions } from '#lib/breaker/hold.ts';
import { RecentErrors } from '#lib/breaker/recent-errors.ts';
import { TransitionLog } from '#lib/breaker/transition-log.ts';
import type { Breaker, BreakerState, CallMeter, Outcome, Permit, Refusal } from '#lib/breaker/types.ts';
import { MAX_RETRY_AFTER_MS, openTimeMs, tripCause } from '#lib/breaker/verdict.ts';
import { RollingWindow } from '#lib/breaker/window.ts';
import type { BreakerView, HoldMode, Transition } from '#lib/contracts/breakers.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';

export interface BreakerParts {
  /** Wall clock, epoch milliseconds. */
  now: () => number;
  /** Monotonic clock, milliseconds. */
  monotonicMs: () => number;
  /** 0..1. */
  random: () => number;
  onTransition: (transition: Transition) => void;
  meterOf: (component: string) => CallMeter;
}

interface Probe {
  engine: Engine;
  leaseEndsMs: number;
}

type Generation =
  | { state: 'closed'; engine: Engine }
  | { state: 'open'; engine: Engine; untilMs: number }
  | { state: 'half_open'; probes: Set<Probe>; successes: number };

/** Advice to a caller who meets a half-open breaker with all its probes under way. */
const HALF_OPEN_RETRY_MS = 1_000;

export class CircuitBreaker implements Breaker {
  readonly name: string;
  #settings: BreakerSettings;
  readonly #parts: BreakerParts;
  readonly #meter: CallMeter;
  #probeLeaseMs: number;
  #generation: Generation = { state: 'closed', engine: closedEngine() };
  #generationNumber = 1;
  #since: number;
  #hold: Hold | null = null;
  readonly #window: RollingWindow;
  readonly #errors = new RecentErrors();
  readonly #transitions: TransitionLog;
  /** Rounds of probes that failed in a row. */
  #failedRounds = 0;
  /** Monotonic time before which an upstream has asked not to be called. */
  #retryAfterMs = 0;
  /** Since it was last closed or reset. */
  #successes = 0;
  #failures = 0;
  #lastFailureAt: number | null = null;
  /** The transition with which it left the closed state; null while it is in it. */
  #opening: Transition | null = null;
  #closed = false;

  constructor(name: string, settings: BreakerSettings, probeLeaseMs: number, parts: BreakerParts) {
    this.name = name;
    this.#settings = settings;
    this.#probeLeaseMs = probeLeaseMs;
    this.#parts = parts;
    this.#meter = parts.meterOf(name);
    this.#transitions = new TransitionLog(parts.onTransition);
    this.#since = parts.now();
    this.#window = new RollingWindow(settings.window_s * 1_000, parts.monotonicMs());
  }

  get settings(): BreakerSettings {
    return this.#settings;
  }

  /** What callers meet. */
  get state(): BreakerState {
    const hold = this.#activeHold();
    if (hold === null) return this.computedState;
    return hold.mode === 'open' ? 'open' : 'closed';
  }

  /** What the traffic has made of it. */
  get computedState(): BreakerState {
    this.#endOpenTime();
    return this.#generation.state;
  }

  /** Outcomes since it was last closed or reset, and the epoch time of the last failure ever. */
  get tally(): { successes: number; failures: number; lastFailureAt: number | null } {
    return { successes: this.#successes, failures: this.#failures, lastFailureAt: this.#lastFailureAt };
  }

  admit(): Permit | Refusal {
    const refused = this.#refusal();
    if (refused !== null) return this.#reject(refused);
    const generation = this.#generation;
    if (this.#hold !== null) return this.#permit(null);
    switch (generation.state) {
      case 'closed':
        return this.#permit(Work.under(generation.engine));
      case 'half_open':
        return this.#probe(generation.probes);
      case 'open':
        throw new RangeError('an open breaker refuses');
      default:
        return generation satisfies never;
    }
  }

  refusal(): Refusal | null {
    const refused = this.#refusal();
    return refused === null ? null : this.#reject(refused);
  }

  /** Holds it open until it is lifted, reset, or the time is up, whatever the traffic. */
  trip(options: HoldOptions): void {
    this.#takeHold('open', options, 'trip');
  }

  /** Holds it `open`, `closed`, or in `metrics_only`, which admits and measures all and opens on nothing. */
  hold(options: HoldOptions & { mode: HoldMode }): void {
    this.#takeHold(options.mode, options, 'hold');
  }

  /** Ends a hold, if there is one; what the traffic has made of it counts again. */
  lift(act: Act): void {
    if (this.#activeHold() === null) return;
    this.#change('lift', act, () => this.#dropHold());
  }

  /** Lifts holds, closes, and empties the window. */
  reset(act: Act): void {
    this.#change('reset', act, () => {
      this.#dropHold();
      this.#enterClosed(closedEngine());
      this.#window.clear(this.#parts.monotonicMs());
    });
  }

  /** Takes other settings; state and window stay. */
  updateSettings(settings: BreakerSettings, probeLeaseMs: number = this.#probeLeaseMs): void {
    this.#settings = settings;
    this.#probeLeaseMs = probeLeaseMs;
    this.#window.resize(settings.window_s * 1_000, this.#parts.monotonicMs());
  }

  snapshot(): BreakerView {
    const hold = this.#activeHold();
    const computed = this.computedState;
    const generation = this.#generation;
    const nowMs = this.#parts.monotonicMs();
    const counts = this.#window.counts(nowMs);
    const [p50 = null, p90 = null, p99 = null] = this.#window.percentiles([0.5, 0.9, 0.99], nowMs);
    return {
      name: this.name,
      state: this.state,
      computed_state: computed,
      hold: hold?.view() ?? null,
      since: iso(this.#since),
      retry_at: generation.state === 'open' ? iso(this.#parts.now() + generation.untilMs - nowMs) : null,
      settings: this.#settings,
      window: {
        ...counts,
        failure_rate: share(counts.failures, counts.calls),
        slow_rate: share(counts.slow, counts.calls),
      },
      latency_ms: { p50, p90, p99 },
      rate_per_s: counts.calls / this.#settings.window_s,
      last_transition: this.#transitions.last,
      opening: this.#opening,
    };
  }

  /** Newest first. */
  transitions(): Transition[] {
    return this.#transitions.newestFirst();
  }

  /** From now on it refuses all and holds no timer. */
  close(): void {
    this.#closed = true;
    this.#dropHold();
    this.#shutDown();
  }

  #refusal(): Refusal | null {
    if (this.#closed) return refuse('shut_down', this.#settings.open_s * 1_000);
    const hold = this.#activeHold();
    if (hold !== null)
      return hold.mode === 'open' ? refuse('held_open', hold.leftMs ?? this.#settings.open_s * 1_000) : null;
    this.#endOpenTime();
    const generation = this.#generation;
    if (generation.state === 'open') return refuse('open', generation.untilMs - this.#parts.monotonicMs());
    if (generation.state === 'half_open' && !this.#hasRoom(generation)) {
      return refuse('half_open_full', HALF_OPEN_RETRY_MS);
    }
    return null;
  }

  #reject(refusal: Refusal): Refusal {
    this.#window.count('rejected', this.#parts.monotonicMs());
    this.#meter.rejected();
    return refusal;
  }

  #hasRoom(generation: Generation & { state: 'half_open' }): boolean {
    const nowMs = this.#parts.monotonicMs();
    for (const probe of generation.probes) {
      if (probe.leaseEndsMs > nowMs) continue;
      generation.probes.delete(probe);
      probe.engine.shutdown();
    }
    // With none under way one more may go, lest settings that ask for fewer than have succeeded leave no way out.
    if (generation.probes.size === 0) return true;
    return generation.probes.size + generation.successes < this.#settings.half_open_calls;
  }

  #probe(probes: Set<Probe>): Permit {
    const engine = probeEngine();
    const probe = { engine, leaseEndsMs: this.#parts.monotonicMs() + this.#probeLeaseMs };
    probes.add(probe);
    engine.once('close', () => this.#probeSucceeded(probe));
    engine.once('open', () => this.#probeFailed(probe));
    return this.#permit(Work.under(engine), probe);
  }

  #permit(work: Work | null, probe: Probe | null = null): Permit {
    const startedMs = this.#parts.monotonicMs();
    const generation = this.#generationNumber;
    let settled = false;
    return {
      admitted: true,
      settle: (outcome) => {
        if (settled) return;
        settled = true;
        const late = generation !== this.#generationNumber || this.#closed;
        const expired = probe !== null && this.#isExpired(probe);
        if (!late && !expired) this.#settle(outcome, startedMs, work, probe);
        else if (outcome.kind !== 'neutral') this.#measure(startedMs, outcome.kind === 'failure');
      },
    };
  }

  /** All that is kept of a call that ended too late to say anything about the present generation. */
  #measure(startedMs: number, failed: boolean): void {
    const nowMs = this.#parts.monotonicMs();
    this.#window.measure(nowMs - startedMs, nowMs);
    this.#meter.call(nowMs - startedMs, failed);
  }

  #isExpired(probe: Probe): boolean {
    return this.#generation.state !== 'half_open' || !this.#generation.probes.has(probe);
  }

  #settle(outcome: Outcome, startedMs: number, work: Work | null, probe: Probe | null): void {
    if (outcome.kind === 'neutral') {
      if (probe !== null) this.#settleNeutralProbe(probe, outcome.answered === true, work);
      return;
    }
    const nowMs = this.#parts.monotonicMs();
    const durationMs = nowMs - startedMs;
    const failed = outcome.kind === 'failure';
    const slow = durationMs >= this.#settings.slow_call_ms;
    const timedOut = failed && outcome.failure.endsWith('_timeout');
    this.#window.record({ failed, slow, timedOut, durationMs }, nowMs);
    this.#meter.call(durationMs, failed);
    if (failed) this.#noteFailure(outcome, nowMs);
    else this.#successes += 1;
    if (work === null) return;
    if (probe !== null) this.#settleProbe(probe, failed || slow, work);
    else this.#settleCall(failed, work);
  }

  #noteFailure(outcome: Outcome & { kind: 'failure' }, nowMs: number): void {
    this.#failures += 1;
    this.#lastFailureAt = this.#parts.now();
    this.#errors.note(outcome.failure, outcome.message);
    if (outcome.retryAfterMs !== undefined) {
      this.#retryAfterMs = Math.max(
        this.#retryAfterMs,
        nowMs + Math.min(MAX_RETRY_AFTER_MS, outcome.retryAfterMs),
      );
    }
  }

  #settleCall(failed: boolean, work: Work): void {
    if (failed) work.fail(null);
    else work.succeed();
    const generation = this.#generation;
    // A hold that forces it closed opens on nothing, calls from before the hold included.
    const forcedClosed = this.#hold !== null && this.#hold.mode !== 'open';
    if (generation.state !== 'closed' || forcedClosed) return;
    const cause = tripCause(this.#window.counts(this.#parts.monotonicMs()), this.#settings);
    if (cause === null) return;
    this.#change(cause, null, () => {
      const openMs = this.#openMsAfter(this.#failedRounds);
      openFor(generation.engine, openMs);
      this.#enterOpen(generation.engine, openMs);
    });
  }

  #settleProbe(probe: Probe, bad: boolean, work: Work): void {
    if (bad) {
      probe.engine.options.resetTimeout = this.#openMsAfter(this.#failedRounds + 1);
      work.fail(null);
    } else work.succeed();
  }

  /** A 4xx shows that the upstream answers; a client that left shows nothing, and gives its place to another probe. */
  #settleNeutralProbe(probe: Probe, answered: boolean, work: Work | null): void {
    if (answered && work !== null) {
      this.#settleProbe(probe, false, work);
      return;
    }
    if (this.#generation.state === 'half_open') this.#generation.probes.delete(probe);
    probe.engine.shutdown();
  }

  #probeSucceeded(probe: Probe): void {
    const generation = this.#generation;
    if (generation.state !== 'half_open') return;
    generation.probes.delete(probe);
    generation.successes += 1;
    if (generation.successes < this.#settings.half_open_calls) {
      probe.engine.shutdown();
      return;
    }
    this.#change('probes_succeeded', null, () => {
      this.#failedRounds = 0;
      this.#enterClosed(probe.engine);
    });
  }

  #probeFailed(probe: Probe): void {
    // The engine of the probe that closed it goes on as the closed one, and opens in its turn.
    if (this.#isExpired(probe)) return;
    const { engine } = probe;
    this.#change('probe_failed', null, () => {
      this.#failedRounds += 1;
      this.#enterOpen(engine, engine.options.resetTimeout ?? 0);
    });
  }

  #endOpenTime(): void {
    if (this.#generation.state !== 'open' || this.#closed) return;
    if (this.#parts.monotonicMs() >= this.#generation.untilMs) this.#enterHalfOpen();
  }

  #enterOpen(engine: Engine, openMs: number): void {
    this.#shutDown(engine);
    engine.removeAllListeners('close');
    engine.once('halfOpen', () => this.#enterHalfOpen());
    this.#enter({ state: 'open', engine, untilMs: this.#parts.monotonicMs() + openMs });
  }

  #enterHalfOpen(): void {
    this.#change('open_elapsed', null, () => {
      this.#shutDown();
      this.#enter({ state: 'half_open', probes: new Set(), successes: 0 });
    });
  }

  #enterClosed(engine: Engine): void {
    this.#shutDown(engine);
    this.#failedRounds = 0;
    this.#successes = 0;
    this.#failures = 0;
    this.#enter({ state: 'closed', engine });
  }

  /** Every generation starts with an empty window; latencies go on. */
  #enter(generation: Generation): void {
    this.#generation = generation;
    this.#generationNumber += 1;
    this.#retryAfterMs = 0;
    this.#window.clearCounts(this.#parts.monotonicMs());
    this.#errors.clear();
  }

  /** Ends the engines of the present generation, but for the one that goes on in the next. */
  #shutDown(kept: Engine | null = null): void {
    const generation = this.#generation;
    const engines =
      generation.state === 'half_open'
        ? [...generation.probes].map((probe) => probe.engine)
        : [generation.engine];
    for (const engine of engines) if (engine !== kept) engine.shutdown();
  }

  #openMsAfter(failedRounds: number): number {
    const askedMs = this.#retryAfterMs - this.#parts.monotonicMs();
    return Math.max(askedMs, openTimeMs(this.#settings, failedRounds, this.#parts.random()));
  }

  #takeHold(mode: HoldMode, options: HoldOptions, cause: string): void {
    if (this.#closed) return;
    this.#change(cause, options, () => {
      this.#dropHold();
      this.#hold = new Hold(mode, options, this.#parts.now, () => this.#activeHold());
    });
  }

  /** The hold, unless it has just expired. */
  #activeHold(): Hold | null {
    const hold = this.#hold;
    if (hold === null || !hold.isOver) return hold;
    this.#change('hold_expired', hold.act, () => this.#dropHold());
    return null;
  }

  #dropHold(): void {
    this.#hold?.release();
    this.#hold = null;
  }

  /** Carries out a change of state and records it with the evidence as it stood before. */
  #change(cause: string, act: Act | null, carryOut: () => void): void {
    const nowMs = this.#parts.monotonicMs();
    const counts = this.#window.counts(nowMs);
    const errors = this.#errors.list();
    const from = this.#shownState();
    carryOut();
    const to = this.#shownState();
    const at = this.#parts.now();
    if (to !== from) this.#since = at;
    const transition: Transition = {
      at: iso(at),
      component: this.name,
      cause,
      from,
      to,
      by: act?.by ?? null,
      reason: act?.reason ?? null,
      generation: this.#generationNumber,
      evidence: {
        calls: counts.calls,
        failures: counts.failures,
        slow: counts.slow,
        failure_rate: share(counts.failures, counts.calls),
        slow_rate: share(counts.slow, counts.calls),
        settings: this.#settings,
        errors,
      },
    };
    if (this.#generation.state === 'closed') this.#opening = null;
    else this.#opening ??= transition;
    this.#transitions.record(transition);
  }

  /** As `state`, without ending what has run out. */
  #shownState(): BreakerState {
    if (this.#hold === null) return this.#generation.state;
    return this.#hold.mode === 'open' ? 'open' : 'closed';
  }
}

function refuse(reason: Refusal['reason'], retryAfterMs: number): Refusal {
  return { admitted: false, reason, retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)) };
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
