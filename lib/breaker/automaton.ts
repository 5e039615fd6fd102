/**
 * What traffic alone makes of a breaker: closed, open, half-open, each a generation of its own. A call belongs to the
 * generation that admitted it, and what ends later changes nothing. Half-open lets so many probes through, each with a
 * lease after which its place is given away; a closed one that has recovered lets callers in by and by.
 */
import { closedEngine, type Engine, openFor, probeEngine, Work } from '#lib/breaker/engine.ts';
import { Ramp } from '#lib/breaker/ramp.ts';
import type { BreakerLimits, BreakerState, Refusal } from '#lib/breaker/types.ts';
import { MAX_RETRY_AFTER_MS, openTimeMs } from '#lib/breaker/verdict.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';

export interface AutomatonParts {
  /** Monotonic clock, milliseconds. */
  monotonicMs: () => number;
  /** 0..1. */
  random: () => number;
  settings: () => BreakerSettings;
  limits: () => BreakerLimits;
  /** Carries out a change of state that traffic or time has caused, and records it. */
  change: (cause: string, carryOut: () => void) => void;
  /** A new generation has begun. */
  entered: () => void;
}

interface Probe {
  engine: Engine;
  leaseEndsMs: number;
}

type Generation =
  /** Without an engine until the first call: of many breakers few are ever called. */
  | { state: 'closed'; engine: Engine | null; ramp: Ramp | null }
  | { state: 'open'; engine: Engine; untilMs: number }
  | { state: 'half_open'; probes: Set<Probe>; successes: number };

/** What an admitted call carries until it ends. */
export interface Ticket {
  readonly generation: number;
  readonly work: Work;
  readonly probe: Probe | null;
  readonly ramp: Ramp | null;
}

/** What the end of a call says: `answered` and `left` are neutral, the first a sign of life. */
export type Verdict = 'good' | 'bad' | 'answered' | 'left';

/** Advice to a caller who finds all places of probes, or of the ramp, taken. */
const NO_ROOM_RETRY_MS = 1_000;

export class Automaton {
  readonly #parts: AutomatonParts;
  #generation: Generation = { state: 'closed', engine: null, ramp: null };
  #number = 1;
  /** Rounds of probes that failed in a row. */
  #failedRounds = 0;
  /** Monotonic time before which an upstream has asked not to be called. */
  #retryAfterMs = 0;

  constructor(parts: AutomatonParts) {
    this.#parts = parts;
  }

  /** Counts up with every change of state, and with every reset. */
  get number(): number {
    return this.#number;
  }

  get failedRounds(): number {
    return this.#failedRounds;
  }

  /** Ends an open time that is over. */
  get state(): BreakerState {
    this.#endOpenTime();
    return this.#generation.state;
  }

  /** As `state`, without ending what has run out. */
  get lastState(): BreakerState {
    return this.#generation.state;
  }

  /** Milliseconds of the open time that are left; null when it is not open. */
  get openLeftMs(): number | null {
    return this.#generation.state === 'open' ? this.#generation.untilMs - this.#parts.monotonicMs() : null;
  }

  get ramp(): { in_flight: number; limit: number } | null {
    return this.#generation.state === 'closed' ? (this.#generation.ramp?.view ?? null) : null;
  }

  /** Why it would not admit a call now; null, and nothing taken, when it would. */
  refusal(): Pick<Refusal, 'reason' | 'retryAfterMs'> | null {
    this.#endOpenTime();
    const generation = this.#generation;
    const nowMs = this.#parts.monotonicMs();
    switch (generation.state) {
      case 'open':
        return { reason: 'open', retryAfterMs: generation.untilMs - nowMs };
      case 'half_open':
        if (this.#hasRoom(generation, nowMs)) return null;
        return { reason: 'half_open_full', retryAfterMs: NO_ROOM_RETRY_MS };
      case 'closed':
        if (this.#rampOf(generation)?.hasRoom(nowMs) !== false) return null;
        return { reason: 'ramping', retryAfterMs: NO_ROOM_RETRY_MS };
      default:
        return generation satisfies never;
    }
  }

  /** Begins a call; only right after `refusal` was null. @throws RangeError when open */
  begin(): Ticket {
    const generation = this.#generation;
    switch (generation.state) {
      case 'closed': {
        const ramp = this.#rampOf(generation);
        ramp?.began();
        return { generation: this.#number, work: Work.under(engineOf(generation)), probe: null, ramp };
      }
      case 'half_open': {
        const probe = this.#addProbe(generation.probes);
        return { generation: this.#number, work: Work.under(probe.engine), probe, ramp: null };
      }
      case 'open':
        throw new RangeError('an open breaker refuses');
      default:
        return generation satisfies never;
    }
  }

  /** Whether the end of that call may still change something. */
  isCurrent({ generation, probe }: Ticket): boolean {
    return generation === this.#number && (probe === null || !this.#isExpired(probe));
  }

  /** Ends a current call. `tripCause` is asked for a reason to open a closed breaker, after the call was counted. */
  settle({ work, probe, ramp }: Ticket, verdict: Verdict, tripCause: () => string | null): void {
    if (probe !== null) {
      this.#settleProbe(probe, work, verdict);
      return;
    }
    const isNeutral = verdict === 'answered' || verdict === 'left';
    ramp?.ended(isNeutral ? null : verdict, this.#parts.monotonicMs());
    if (isNeutral) return;
    if (verdict === 'bad') work.fail(null);
    else work.succeed();
    const generation = this.#generation;
    if (generation.state !== 'closed') return;
    const cause = tripCause();
    if (cause !== null) this.#parts.change(cause, () => this.#open(engineOf(generation), this.#failedRounds));
  }

  /** An upstream has asked not to be called for so long: the next open time lasts at least until then. */
  askedToWait(waitMs: number): void {
    const untilMs = this.#parts.monotonicMs() + Math.min(MAX_RETRY_AFTER_MS, waitMs);
    this.#retryAfterMs = Math.max(this.#retryAfterMs, untilMs);
  }

  /** Closes at once, without a ramp: somebody has decided so. */
  reset(): void {
    this.#enterClosed(null, null);
  }

  /** Ends the open time before its end. */
  probeNow(): void {
    this.#enterHalfOpen();
  }

  /** Goes on where an earlier process ended: open for so many milliseconds more, half-open with none left. */
  restore(openLeftMs: number, failedRounds: number, generation: number): void {
    this.#shutDown();
    const engine = closedEngine();
    openFor(engine, Math.max(0, openLeftMs));
    this.#enterOpen(engine, Math.max(0, openLeftMs));
    this.#failedRounds = failedRounds;
    this.#number = generation;
  }

  /** Ends its timers. What its calls come to changes nothing from now on. */
  close(): void {
    this.#shutDown();
    this.#number += 1;
  }

  #rampOf(generation: Generation & { state: 'closed' }): Ramp | null {
    if (generation.ramp?.isOver === true) generation.ramp = null;
    return generation.ramp;
  }

  #hasRoom(generation: Generation & { state: 'half_open' }, nowMs: number): boolean {
    for (const probe of generation.probes) {
      if (probe.leaseEndsMs > nowMs) continue;
      generation.probes.delete(probe);
      probe.engine.shutdown();
    }
    // With none under way one more may go, lest settings that ask for fewer than have succeeded leave no way out.
    if (generation.probes.size === 0) return true;
    return generation.probes.size + generation.successes < this.#parts.settings().half_open_calls;
  }

  #addProbe(probes: Set<Probe>): Probe {
    const engine = probeEngine();
    const probe = { engine, leaseEndsMs: this.#parts.monotonicMs() + this.#parts.limits().probeLeaseMs };
    probes.add(probe);
    engine.once('close', () => this.#probeSucceeded(probe));
    engine.once('open', () => this.#probeFailed(probe));
    return probe;
  }

  #isExpired(probe: Probe): boolean {
    return this.#generation.state !== 'half_open' || !this.#generation.probes.has(probe);
  }

  /** A 4xx shows that the upstream answers; a client that left shows nothing, and gives its place to another probe. */
  #settleProbe(probe: Probe, work: Work, verdict: Verdict): void {
    if (verdict === 'left') {
      if (this.#generation.state === 'half_open') this.#generation.probes.delete(probe);
      probe.engine.shutdown();
    } else if (verdict === 'bad') {
      probe.engine.options.resetTimeout = this.#openMsAfter(this.#failedRounds + 1);
      work.fail(null);
    } else work.succeed();
  }

  #probeSucceeded(probe: Probe): void {
    const generation = this.#generation;
    if (generation.state !== 'half_open') return;
    generation.probes.delete(probe);
    generation.successes += 1;
    const { half_open_calls } = this.#parts.settings();
    if (generation.successes < half_open_calls) {
      probe.engine.shutdown();
      return;
    }
    this.#parts.change('probes_succeeded', () => {
      const ramp = new Ramp(half_open_calls, this.#parts.limits().capacity, this.#parts.monotonicMs());
      this.#enterClosed(probe.engine, ramp);
    });
  }

  #probeFailed(probe: Probe): void {
    // The engine of the probe that closed it goes on as the closed one, and opens in its turn.
    if (this.#isExpired(probe)) return;
    const { engine } = probe;
    this.#parts.change('probe_failed', () => {
      this.#failedRounds += 1;
      this.#enterOpen(engine, engine.options.resetTimeout ?? 0);
    });
  }

  #endOpenTime(): void {
    if (this.#generation.state !== 'open' || this.#parts.monotonicMs() < this.#generation.untilMs) return;
    this.#elapse();
  }

  #elapse(): void {
    this.#parts.change('open_elapsed', () => this.#enterHalfOpen());
  }

  #open(engine: Engine, failedRounds: number): void {
    const openMs = this.#openMsAfter(failedRounds);
    openFor(engine, openMs);
    this.#enterOpen(engine, openMs);
  }

  #enterOpen(engine: Engine, openMs: number): void {
    this.#shutDown(engine);
    engine.removeAllListeners('close');
    engine.once('halfOpen', () => this.#elapse());
    this.#enter({ state: 'open', engine, untilMs: this.#parts.monotonicMs() + openMs });
  }

  #enterHalfOpen(): void {
    this.#shutDown();
    this.#enter({ state: 'half_open', probes: new Set(), successes: 0 });
  }

  #enterClosed(engine: Engine | null, ramp: Ramp | null): void {
    this.#shutDown(engine);
    this.#failedRounds = 0;
    this.#enter({ state: 'closed', engine, ramp });
  }

  #enter(generation: Generation): void {
    this.#generation = generation;
    this.#number += 1;
    this.#retryAfterMs = 0;
    this.#parts.entered();
  }

  /** Ends the engines of the present generation, but for the one that goes on in the next. */
  #shutDown(kept: Engine | null = null): void {
    const generation = this.#generation;
    const engines =
      generation.state === 'half_open'
        ? [...generation.probes].map((probe) => probe.engine)
        : [generation.engine];
    for (const engine of engines) if (engine !== kept) engine?.shutdown();
  }

  #openMsAfter(failedRounds: number): number {
    const askedMs = this.#retryAfterMs - this.#parts.monotonicMs();
    return Math.max(askedMs, openTimeMs(this.#parts.settings(), failedRounds, this.#parts.random()));
  }
}

function engineOf(closed: Generation & { state: 'closed' }): Engine {
  closed.engine ??= closedEngine();
  return closed.engine;
}
