/**
 * One drill on its way: calls at a steady rate while a fault is on and until the breaker has closed again, and what is
 * seen of the breaker meanwhile. Whether a call reached the upstream is seen where calls go out, not asked of the
 * breaker.
 */
import type { BreakerState } from '#lib/breaker/types.ts';
import type { Transition } from '#lib/contracts/breakers.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';
import type { Drill } from '#lib/contracts/drills.ts';
import { checksOf, recoverWithinMs } from '#lib/lab/drills/checks.ts';

/** The breaker, as far as a drill looks at it. */
export interface DrilledBreaker {
  readonly name: string;
  readonly computedState: BreakerState;
  readonly settings: BreakerSettings;
}

export interface RunParts {
  /** Wall clock, epoch milliseconds. */
  now: () => number;
  monotonicMs: () => number;
  breaker: DrilledBreaker;
  /** One real call through the component. Never rejects. */
  call: () => Promise<'succeeded' | 'failed' | 'refused'>;
  /** Injects the fault; answers what ends it. */
  inject: () => () => void;
  observe: (listener: (component: string) => void) => () => void;
  onTransition: (listener: (transition: Transition) => void) => () => void;
  onEnd: (drill: Drill) => void;
}

type EndCause = NonNullable<Drill['end_cause']>;

/** Calls that are due within it go out together. */
const TICK_MS = 20;
/** Calls under way at a time; more are skipped. */
export const MAX_IN_FLIGHT = 200;
const MAX_TRANSITIONS = 200;

export class DrillRun {
  readonly #parts: RunParts;
  readonly #settings: BreakerSettings;
  #drill: Drill;
  readonly #startedMs: number;
  #faultEndedMs: number | null = null;
  #due = 0;
  #inFlight = 0;
  readonly #endFault: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: (() => void)[];

  constructor(drill: Drill, parts: RunParts) {
    this.#drill = drill;
    this.#parts = parts;
    this.#settings = parts.breaker.settings;
    this.#unsubscribe = [
      parts.observe((component) => this.#sawCall(component)),
      parts.onTransition((transition) => this.#sawTransition(transition)),
    ];
    this.#startedMs = parts.monotonicMs();
    this.#endFault = parts.inject();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get drill(): Drill {
    return this.#drill;
  }

  /** Ends it now; the fault is gone when this returns. */
  end(cause: EndCause): void {
    if (this.#drill.status !== 'running') return;
    clearInterval(this.#timer);
    for (const end of this.#unsubscribe) end();
    if (this.#faultEndedMs === null) this.#revert();
    const checks = checksOf(this.#drill, this.#settings);
    this.#drill = {
      ...this.#drill,
      checks,
      status: cause === 'finished' && checks.every(({ passed }) => passed) ? 'passed' : 'failed',
      phase: 'over',
      end_cause: cause,
      ended_at: this.#at(),
    };
    this.#parts.onEnd(this.#drill);
  }

  #tick(): void {
    const nowMs = this.#parts.monotonicMs();
    const elapsedMs = nowMs - this.#startedMs;
    for (const due = Math.floor((elapsedMs / 1_000) * this.#drill.calls_per_s); this.#due < due; this.#due++)
      this.#call();
    if (this.#faultEndedMs === null) {
      if (elapsedMs >= this.#drill.duration_s * 1_000) this.#revert();
      return;
    }
    if (this.#parts.breaker.computedState === 'closed') {
      if (this.#drill.time_to_open_ms !== null)
        this.#note({ time_to_recover_ms: Math.max(0, nowMs - this.#faultEndedMs) });
      this.end('finished');
    } else if (nowMs - this.#faultEndedMs > recoverWithinMs(this.#settings)) this.end('not_recovered');
  }

  #call(): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      this.#count('skipped');
      return;
    }
    const startedMs = this.#parts.monotonicMs();
    this.#inFlight += 1;
    this.#count('sent');
    void this.#parts.call().then((result) => {
      this.#inFlight -= 1;
      if (this.#drill.status !== 'running') return;
      this.#count(result);
      const tookMs = this.#parts.monotonicMs() - startedMs;
      this.#note({ worst_caller_ms: Math.max(this.#drill.worst_caller_ms ?? 0, tookMs) });
    });
  }

  #revert(): void {
    this.#endFault();
    this.#faultEndedMs = this.#parts.monotonicMs();
    this.#note({ phase: 'recovery', fault_ended_at: this.#at() });
  }

  #sawCall(component: string): void {
    const { breaker } = this.#parts;
    if (component !== breaker.name) return;
    const state = breaker.computedState;
    if (state === 'open') this.#note({ calls_leaked: this.#drill.calls_leaked + 1 });
    else if (state === 'half_open') this.#note({ probes: this.#drill.probes + 1 });
  }

  #sawTransition({ component, at, from, to, cause }: Transition): void {
    if (component !== this.#parts.breaker.name) return;
    const transitions = [...this.#drill.transitions, { at, from, to, cause }].slice(-MAX_TRANSITIONS);
    this.#note({ transitions });
    if (to === 'open' && this.#drill.time_to_open_ms === null)
      this.#note({ time_to_open_ms: this.#parts.monotonicMs() - this.#startedMs });
  }

  #count(what: keyof Drill['calls']): void {
    const { calls } = this.#drill;
    this.#note({ calls: { ...calls, [what]: calls[what] + 1 } });
  }

  #note(news: Partial<Drill>): void {
    this.#drill = { ...this.#drill, ...news };
  }

  #at(): string {
    return new Date(this.#parts.now()).toISOString();
  }
}
