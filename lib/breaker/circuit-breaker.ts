/**
 * The breaker of one component. Below is what its traffic makes of it (`automaton.ts`). Above may lie holds of
 * operators (`holds.ts`), of which the newest decides what callers meet. Every change is recorded with the evidence as
 * it stood, and what must outlive a restart is kept.
 */
import { Automaton, type Ticket, type Verdict } from '#lib/breaker/automaton.ts';
import { type Act, Hold, type HoldOptions, newHold } from '#lib/breaker/hold.ts';
import { Holds } from '#lib/breaker/holds.ts';
import { OutcomeLog, type Recording } from '#lib/breaker/outcome-log.ts';
import { Outcomes } from '#lib/breaker/outcomes.ts';
import { RecentErrors } from '#lib/breaker/recent-errors.ts';
import { type BreakerRecord, type BreakerRecords, isWorthKeeping } from '#lib/breaker/record.ts';
import type {
  Breaker,
  BreakerLimits,
  BreakerState,
  CallMeter,
  Outcome,
  Permit,
  Refusal,
} from '#lib/breaker/types.ts';
import { isSlow, longestOpenMs, tripCause } from '#lib/breaker/verdict.ts';
import type { Counts } from '#lib/breaker/window.ts';
import type { BreakerView, HoldMode, SettingsOverrides, Transition } from '#lib/contracts/breakers.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';
import type { Standing } from '#lib/contracts/worst-first.ts';
import { SwitchgearError } from '#lib/errors.ts';

export interface BreakerParts {
  /** Wall clock, epoch milliseconds. */
  now: () => number;
  /** Monotonic clock, milliseconds. */
  monotonicMs: () => number;
  /** 0..1. */
  random: () => number;
  randomId: () => string;
  onTransition: (transition: Transition) => void;
  meterOf: (component: string) => CallMeter;
  records: BreakerRecords;
  /** The last transition of an earlier process. */
  lastTransitionOf: (component: string) => Transition | null;
}

/** Wall clock and monotonic clock, read one after the other, differ by so much from one time to the next. */
const CLOCK_JITTER_MS = 20;

export class CircuitBreaker implements Breaker {
  readonly name: string;
  #configured: BreakerSettings;
  #overrides: SettingsOverrides;
  #settings: BreakerSettings;
  #limits: BreakerLimits;
  readonly #parts: BreakerParts;
  readonly #meter: CallMeter;
  readonly #automaton: Automaton;
  readonly #holds = new Holds();
  readonly #outcomes: Outcomes;
  readonly #log: OutcomeLog;
  readonly #errors = new RecentErrors();
  #since: number;
  /** Since it was last closed or reset. */
  #successes = 0;
  #failures = 0;
  #lastFailureAt: number | null = null;
  #lastTransition: Transition | null;
  /** The transition with which it left the closed state; null while it is in it. */
  #opening: Transition | null = null;
  #closed = false;
  /** As it was told last, epoch milliseconds. */
  #retryAtMs: number | null = null;

  constructor(name: string, configured: BreakerSettings, limits: BreakerLimits, parts: BreakerParts) {
    const record = parts.records.load(name);
    this.name = name;
    this.#configured = configured;
    this.#overrides = record?.overrides ?? {};
    this.#settings = merged(configured, this.#overrides);
    this.#limits = limits;
    this.#parts = parts;
    this.#meter = parts.meterOf(name);
    this.#since = record?.since_ms ?? parts.now();
    this.#lastTransition = parts.lastTransitionOf(name);
    this.#outcomes = new Outcomes(this.#settings, parts.monotonicMs());
    this.#log = new OutcomeLog(parts.monotonicMs());
    this.#automaton = new Automaton({
      monotonicMs: parts.monotonicMs,
      random: parts.random,
      settings: () => this.#settings,
      limits: () => this.#limits,
      change: (cause, carryOut) => this.#change(cause, null, carryOut),
      entered: () => this.#startAfresh(),
    });
    if (record !== null) this.#restore(record);
  }

  get settings(): BreakerSettings {
    return this.#settings;
  }

  get limits(): BreakerLimits {
    return this.#limits;
  }

  /** What callers meet. */
  get state(): BreakerState {
    return shown(this.#holdInForce(), this.computedState);
  }

  /** What the traffic has made of it. */
  get computedState(): BreakerState {
    return this.#closed ? this.#automaton.lastState : this.#automaton.state;
  }

  /** Outcomes since it was last closed or reset, and the epoch time of the last failure ever. */
  get tally(): { successes: number; failures: number; lastFailureAt: number | null } {
    return { successes: this.#successes, failures: this.#failures, lastFailureAt: this.#lastFailureAt };
  }

  admit(): Permit | Refusal {
    const refused = this.#refusal();
    if (refused !== null) return this.#reject(refused);
    return this.#permit(this.#holds.inForce === null ? this.#automaton.begin() : null);
  }

  refusal(): Refusal | null {
    const refused = this.#refusal();
    return refused === null ? null : this.#reject(refused);
  }

  /** Holds it open until it is lifted, reset, or the time is up, whatever the traffic. @throws as `hold` */
  trip(options: HoldOptions): void {
    this.#hold('open', options, 'trip');
  }

  /**
   * Holds it `open`, `closed`, or in `metrics_only`, which admits and measures all and opens on nothing. Earlier holds
   * stay under it.
   * @throws SwitchgearError `conflict` when there are too many
   */
  hold(options: HoldOptions & { mode: HoldMode }): void {
    this.#hold(options.mode, options, 'hold');
  }

  /**
   * Ends the hold of that id, the one in force without it. Does nothing without an id and without a hold.
   * @throws SwitchgearError `not_found`
   */
  lift(act: Act, id?: string): void {
    const hold = id === undefined ? this.#holdInForce() : this.#holds.require(id);
    if (hold !== null) this.#change('lift', act, () => this.#holds.remove(hold));
  }

  /** Lifts all holds, closes, and empties the window. */
  reset(act: Act): void {
    this.#change('reset', act, () => {
      this.#holds.clear();
      this.#automaton.reset();
      this.#outcomes.clear(this.#parts.monotonicMs());
    });
  }

  /** Ends the open time at once. @throws SwitchgearError `conflict` unless it is open and not held */
  probeNow(act: Act): void {
    const hold = this.#holdInForce();
    if (hold !== null) throw new SwitchgearError('conflict', `${this.name} is held; lift the hold first`);
    const state = this.computedState;
    if (state !== 'open') {
      throw new SwitchgearError(
        'conflict',
        `${this.name} is ${state}; only an open breaker can be made to probe`,
      );
    }
    this.#change('probe_now', act, () => this.#automaton.probeNow());
  }

  /** Takes other configured settings and limits; what operators have changed stays, and so do state and window. */
  configure(settings: BreakerSettings, limits: BreakerLimits): void {
    this.#configured = settings;
    this.#limits = limits;
    this.#applySettings();
  }

  /** Changes some settings; state and window stay. @throws ZodError for settings that are not allowed */
  override(patch: SettingsOverrides): void {
    const overrides = { ...this.#overrides, ...patch };
    merged(this.#configured, overrides);
    this.#overrides = overrides;
    this.#applySettings();
    this.#save();
  }

  /** Back to the settings as configured. */
  clearOverrides(): void {
    this.#overrides = {};
    this.#applySettings();
    this.#save();
  }

  snapshot(): BreakerView {
    const hold = this.#holdInForce();
    const computed = this.computedState;
    const nowMs = this.#parts.monotonicMs();
    const counts = this.#outcomes.counts(nowMs);
    const [p50 = null, p90 = null, p99 = null] = this.#outcomes.percentiles([0.5, 0.9, 0.99], nowMs);
    return {
      name: this.name,
      state: shown(hold, computed),
      computed_state: computed,
      hold: hold?.view() ?? null,
      holds: this.#holds.list().map((each) => each.view()),
      since: iso(this.#since),
      retry_at: this.#retryAt(),
      settings: this.#settings,
      overrides: this.#overrides,
      ramp: this.#automaton.ramp,
      window: { ...counts, ...ratesOf(counts) },
      latency_ms: { p50, p90, p99 },
      rate_per_s: this.#outcomes.ratePerS(nowMs),
      last_transition: this.#lastTransition,
      opening: this.#opening,
    };
  }

  /** What `snapshot` says of how bad it is, for a fraction of its cost. */
  standing(): Standing {
    const hold = this.#holdInForce();
    const nowMs = this.#parts.monotonicMs();
    const counts = this.#outcomes.counts(nowMs);
    return {
      name: this.name,
      state: shown(hold, this.computedState),
      hold,
      window: { ...counts, ...ratesOf(counts) },
      rate_per_s: this.#outcomes.ratePerS(nowMs),
    };
  }

  /** Counts of the window after so many failures more. */
  countsAfterFailures(more: number): Counts {
    return this.#outcomes.countsAfterFailures(more, this.#parts.monotonicMs());
  }

  /** The ends of its calls in the last hour. */
  recording(): Recording {
    return this.#log.recording(this.#parts.monotonicMs());
  }

  /** From now on it refuses all and holds no timer. What is kept of it stays. */
  close(): void {
    this.#closed = true;
    this.#holds.clear();
    this.#automaton.close();
  }

  /** The two clocks do not tick together: the same moment is told the same, whenever it is asked for. */
  #retryAt(): string | null {
    const { openLeftMs } = this.#automaton;
    if (openLeftMs === null) {
      this.#retryAtMs = null;
      return null;
    }
    const atMs = this.#parts.now() + openLeftMs;
    if (this.#retryAtMs === null || Math.abs(atMs - this.#retryAtMs) > CLOCK_JITTER_MS)
      this.#retryAtMs = atMs;
    return iso(this.#retryAtMs);
  }

  #refusal(): Refusal | null {
    if (this.#closed) return refuse('shut_down', this.#settings.open_s * 1_000);
    const hold = this.#holdInForce();
    if (hold !== null)
      return hold.mode === 'open' ? refuse('held_open', hold.leftMs ?? this.#settings.open_s * 1_000) : null;
    const refused = this.#automaton.refusal();
    return refused === null ? null : refuse(refused.reason, refused.retryAfterMs);
  }

  #reject(refusal: Refusal): Refusal {
    this.#outcomes.refused(this.#parts.monotonicMs());
    this.#meter.rejected();
    return refusal;
  }

  /** @param ticket null for a call that a hold admits: it is measured and moves no state */
  #permit(ticket: Ticket | null): Permit {
    const startedMs = this.#parts.monotonicMs();
    const generation = this.#automaton.number;
    let settled = false;
    return {
      admitted: true,
      component: this.name,
      settle: (outcome) => {
        if (settled) return;
        settled = true;
        const isCurrent =
          ticket === null ? generation === this.#automaton.number : this.#automaton.isCurrent(ticket);
        this.#settle(outcome, startedMs, ticket, isCurrent && !this.#closed);
      },
    };
  }

  #settle(outcome: Outcome, startedMs: number, ticket: Ticket | null, isCurrent: boolean): void {
    const nowMs = this.#parts.monotonicMs();
    const durationMs = nowMs - startedMs;
    this.#log.record(outcome, durationMs, nowMs);
    if (outcome.kind === 'neutral') {
      if (isCurrent && ticket !== null) this.#judge(ticket, outcome.answered === true ? 'answered' : 'left');
      return;
    }
    const failed = outcome.kind === 'failure';
    this.#meter.call(durationMs, failed);
    if (!isCurrent) {
      // All that is kept of a call that ended too late to say anything about the present generation.
      this.#outcomes.measure(durationMs, nowMs);
      return;
    }
    const slow = isSlow(outcome, durationMs, this.#settings);
    const timedOut = failed && outcome.failure.endsWith('_timeout');
    this.#outcomes.record({ failed, slow, timedOut, durationMs }, nowMs);
    if (failed) this.#noteFailure(outcome);
    else this.#successes += 1;
    if (ticket !== null) this.#judge(ticket, failed || (slow && ticket.probe !== null) ? 'bad' : 'good');
  }

  #judge(ticket: Ticket, verdict: Verdict): void {
    this.#automaton.settle(ticket, verdict, () => {
      // A hold that forces it closed opens on nothing, calls from before the hold included.
      const hold = this.#holds.inForce;
      if (hold !== null && hold.mode !== 'open') return null;
      return tripCause(this.#outcomes.counts(this.#parts.monotonicMs()), this.#settings);
    });
  }

  #noteFailure(outcome: Outcome & { kind: 'failure' }): void {
    this.#failures += 1;
    this.#lastFailureAt = this.#parts.now();
    this.#errors.note(outcome.failure, outcome.message);
    if (outcome.retryAfterMs !== undefined) this.#automaton.askedToWait(outcome.retryAfterMs);
  }

  /** Every generation starts with an empty window; latencies go on. */
  #startAfresh(): void {
    this.#outcomes.clearCounts(this.#parts.monotonicMs());
    this.#errors.clear();
    if (this.#automaton.lastState !== 'closed') return;
    this.#successes = 0;
    this.#failures = 0;
  }

  #applySettings(): void {
    this.#settings = merged(this.#configured, this.#overrides);
    this.#outcomes.updateSettings(this.#settings, this.#parts.monotonicMs());
  }

  #hold(mode: HoldMode, options: HoldOptions, cause: string): void {
    if (this.#closed) return;
    this.#holds.checkRoom();
    const { now, randomId } = this.#parts;
    const record = newHold(randomId(), mode, options, now());
    this.#change(cause, options, () => this.#holds.add(new Hold(record, now, () => this.#holdInForce())));
  }

  /** Ends what has just expired. */
  #holdInForce(): Hold | null {
    if (this.#holds.isEmpty) return null;
    for (let hold = this.#holds.expired; hold !== null; hold = this.#holds.expired) {
      const over = hold;
      this.#change('hold_expired', over.act, () => this.#holds.remove(over));
    }
    return this.#holds.inForce;
  }

  #restore({ holds, outage, generation }: BreakerRecord): void {
    const { now } = this.#parts;
    for (const record of holds) this.#holds.add(new Hold(record, now, () => this.#holdInForce()));
    if (outage === null) return;
    this.#opening = outage.opening;
    // The clock may have been set back meanwhile.
    const leftMs = Math.min(outage.open_until_ms - now(), longestOpenMs(this.#settings));
    this.#automaton.restore(leftMs, outage.failed_rounds, generation);
  }

  #save(): void {
    const { records, now } = this.#parts;
    const openLeftMs = this.#automaton.openLeftMs ?? 0;
    const record: BreakerRecord = {
      overrides: this.#overrides,
      holds: this.#holds.records(),
      since_ms: this.#since,
      generation: this.#automaton.number,
      outage:
        this.#opening === null
          ? null
          : {
              open_until_ms: now() + openLeftMs,
              failed_rounds: this.#automaton.failedRounds,
              opening: this.#opening,
            },
    };
    if (isWorthKeeping(record)) records.save(this.name, record);
    else records.remove(this.name);
  }

  /** Carries out a change of state and records it with the evidence as it stood before. */
  #change(cause: string, act: Act | null, carryOut: () => void): void {
    const counts = this.#outcomes.counts(this.#parts.monotonicMs());
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
      generation: this.#automaton.number,
      evidence: {
        calls: counts.calls,
        failures: counts.failures,
        slow: counts.slow,
        ...ratesOf(counts),
        settings: this.#settings,
        errors,
      },
    };
    if (this.#automaton.lastState === 'closed') this.#opening = null;
    else this.#opening ??= transition;
    this.#lastTransition = transition;
    this.#save();
    this.#tell(transition);
  }

  /** The state has changed already: a listener that throws must not fail the call or the timer that changed it. */
  #tell(transition: Transition): void {
    try {
      this.#parts.onTransition(transition);
    } catch (error) {
      process.emitWarning(`Breaker ${this.name}: a listener to its transitions threw: ${error}`);
    }
  }

  /** As `state`, without ending what has run out. */
  #shownState(): BreakerState {
    return shown(this.#holds.inForce, this.#automaton.lastState);
  }
}

/** What callers meet: the hold's, if there is one. */
function shown(hold: Hold | null, computed: BreakerState): BreakerState {
  if (hold === null) return computed;
  return hold.mode === 'open' ? 'open' : 'closed';
}

/** @throws ZodError for settings that are not allowed */
function merged(configured: BreakerSettings, overrides: SettingsOverrides): BreakerSettings {
  if (Object.keys(overrides).length === 0) return configured;
  return breakerSettingsSchema.parse({ ...configured, ...overrides });
}

function refuse(reason: Refusal['reason'], retryAfterMs: number): Refusal {
  return { admitted: false, reason, retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)) };
}

function ratesOf({ calls, failures, slow }: Counts): {
  failure_rate: number | null;
  slow_rate: number | null;
} {
  return {
    failure_rate: calls === 0 ? null : failures / calls,
    slow_rate: calls === 0 ? null : slow / calls,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
