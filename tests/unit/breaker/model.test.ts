/** Random histories against a small reference machine that knows only the rules, not how they are kept. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import { MAX_HOLDS } from '#lib/breaker/holds.ts';
import { storedRecords } from '#lib/breaker/stored-records.ts';
import type { Outcome, Permit } from '#lib/breaker/types.ts';
import type { HoldMode } from '#lib/contracts/breakers.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';
import { breakerOf, CAPACITY, calls, FAILURE, LEASE_MS, SUCCESS } from './support.ts';

/** Together ten thousand and more. */
const WALKS = 5_100;
const WINDOWS = [
  { window_kind: 'time', window_calls: 10_000 },
  { window_kind: 'count', window_calls: 6 },
] as const;

const SETTINGS: BreakerSettings = {
  ...breakerSettingsSchema.parse({}),
  minimum_calls: 3,
  failure_rate_percent: 50,
  open_s: 10,
  half_open_calls: 2,
  window_s: 600,
  slow_call_ms: 86_400_000,
};

interface Call {
  generation: number;
  guarded: boolean;
  leaseEnds: number;
}

interface ModelHold {
  mode: HoldMode;
  until: number;
}

/** How callers come back: the limit doubles with as many successes, or after five seconds without a failure. */
interface ModelRamp {
  limit: number;
  grewAt: number;
  good: number;
  readonly running: Set<Call>;
}

const RAMP_STEP_MS = 5_000;

/** The rules, with the whole history of a generation kept as a list. */
class Reference {
  state: 'closed' | 'open' | 'half_open' = 'closed';
  /** Oldest first. */
  #holds: ModelHold[] = [];
  #ended: boolean[] = [];
  #generation = 0;
  #openUntil = 0;
  #rounds = 0;
  readonly #probes = new Set<Call>();
  #goodProbes = 0;
  #ramp: ModelRamp | null = null;

  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get hold(): HoldMode | null {
    this.#holds = this.#holds.filter(({ until }) => until > this.#now());
    return this.#holds.at(-1)?.mode ?? null;
  }

  get holds(): HoldMode[] {
    return this.hold === null ? [] : this.#holds.map(({ mode }) => mode).reverse();
  }

  get shown(): string {
    this.#elapse();
    const { hold } = this;
    return hold === null ? this.state : hold === 'open' ? 'open' : 'closed';
  }

  admits(): Call | null {
    this.#elapse();
    const { hold } = this;
    const call = {
      generation: this.#generation,
      guarded: hold === null,
      leaseEnds: this.#now() + LEASE_MS,
    };
    if (hold !== null) return hold === 'open' ? null : call;
    if (this.state === 'open') return null;
    if (this.state === 'half_open') {
      // A lease that is over gives its place to whoever asks next; until then the probe still counts.
      for (const probe of this.#probes) if (probe.leaseEnds <= this.#now()) this.#probes.delete(probe);
      if (this.#probes.size + this.#goodProbes >= SETTINGS.half_open_calls) return null;
      this.#probes.add(call);
      return call;
    }
    return this.#rampAdmits(call) ? call : null;
  }

  settle(call: Call, end: End): void {
    if (call.generation !== this.#generation) return;
    if (!call.guarded) {
      if (end === 'good' || end === 'bad') this.#ended.push(end === 'good');
      return;
    }
    if (this.state === 'half_open') this.#settleProbe(call, end);
    else {
      this.#settleRamp(call, end);
      if (end === 'good' || end === 'bad') this.#settleClosed(end === 'good');
    }
  }

  place(mode: HoldMode, durationMs: number | null): void {
    this.#holds.push({
      mode,
      until: durationMs === null ? Number.POSITIVE_INFINITY : this.#now() + durationMs,
    });
  }

  /** @param index from the newest */
  lift(index: number): void {
    this.#holds.splice(this.#holds.length - 1 - index, 1);
  }

  reset(): void {
    this.#holds = [];
    this.#rounds = 0;
    this.#enter('closed');
  }

  /** Answers whether it may. */
  probeNow(): boolean {
    this.#elapse();
    if (this.hold !== null || this.state !== 'open') return false;
    this.#enter('half_open');
    return true;
  }

  /** What was closed is closed with nothing counted, what was not goes on with its open time. */
  restart(): void {
    this.#elapse();
    if (this.state === 'half_open') {
      this.#openUntil = this.#now();
      this.#enter('open');
    } else if (this.state === 'closed') this.#enter('closed');
  }

  #rampAdmits(call: Call): boolean {
    const ramp = this.#ramp;
    if (ramp === null || ramp.limit >= CAPACITY) return true;
    if (this.#now() - ramp.grewAt >= RAMP_STEP_MS) this.#grow(ramp);
    if (ramp.limit < CAPACITY && ramp.running.size >= ramp.limit) return false;
    ramp.running.add(call);
    return true;
  }

  #settleRamp(call: Call, end: End): void {
    const ramp = this.#ramp;
    if (ramp === null || !ramp.running.delete(call)) return;
    if (end === 'bad') {
      ramp.good = 0;
      ramp.grewAt = this.#now();
    } else if (end === 'good') {
      ramp.good += 1;
      if (ramp.good >= ramp.limit) this.#grow(ramp);
    }
  }

  #grow(ramp: ModelRamp): void {
    ramp.limit *= 2;
    ramp.good = 0;
    ramp.grewAt = this.#now();
  }

  #settleProbe(probe: Call, end: End): void {
    if (!this.#probes.delete(probe)) return;
    if (end === 'bad') {
      this.#rounds += 1;
      this.#open();
    } else if (end === 'good' || end === 'refused') {
      this.#goodProbes += 1;
      if (this.#goodProbes < SETTINGS.half_open_calls) return;
      this.#rounds = 0;
      this.#enter('closed');
      this.#ramp = { limit: SETTINGS.half_open_calls, grewAt: this.#now(), good: 0, running: new Set() };
    }
  }

  #settleClosed(good: boolean): void {
    this.#ended.push(good);
    const counted = this.#ended.slice(-SETTINGS.window_calls);
    const bad = counted.filter((each) => !each).length;
    const { hold } = this;
    if (
      this.state === 'closed' &&
      (hold === null || hold === 'open') &&
      counted.length >= SETTINGS.minimum_calls &&
      bad / counted.length >= 0.5
    )
      this.#open();
  }

  #open(): void {
    this.#enter('open');
    this.#openUntil = this.#now() + SETTINGS.open_s * 1_000 * Math.min(10, 2 ** this.#rounds);
  }

  #elapse(): void {
    if (this.state === 'open' && this.#now() >= this.#openUntil) this.#enter('half_open');
  }

  #enter(state: 'closed' | 'open' | 'half_open'): void {
    this.state = state;
    this.#ended = [];
    this.#generation += 1;
    this.#probes.clear();
    this.#goodProbes = 0;
    this.#ramp = null;
  }
}

/** `refused` is an answer of 4xx, `left` a client that is gone. */
type End = 'good' | 'bad' | 'refused' | 'left';

type Step =
  | { do: 'call' }
  | { do: 'end'; which: number; end: End }
  | { do: 'wait'; ms: number }
  | { do: 'hold'; mode: HoldMode; durationMs: number | null }
  | { do: 'lift'; which: number }
  | { do: 'reset' | 'probe' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Step>({ do: 'call' }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(20),
      end: fc.constantFrom<End>('good', 'good', 'bad', 'bad', 'refused', 'left'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 500, 5_000, 10_000, 20_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      mode: fc.constantFrom<HoldMode>('open', 'closed', 'metrics_only'),
      durationMs: fc.constantFrom(null, 500, 7_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lift' as const), which: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('reset' as const, 'probe' as const, 'restart' as const) }),
  },
);

const OUTCOMES: Record<End, Outcome> = {
  good: SUCCESS,
  bad: FAILURE,
  refused: { kind: 'neutral', answered: true },
  left: { kind: 'neutral' },
};
const by = { by: 'model' };

interface Running {
  permit: Permit;
  call: Call;
}

/** A breaker beside the reference, with what of it outlives a restart. */
class Pair {
  readonly #kept = new MemoryDocumentStore();
  readonly #running: Running[] = [];
  readonly reference = new Reference(() => performance.now());
  breaker = this.#start();

  take(what: Step): void {
    const { breaker, reference } = this;
    switch (what.do) {
      case 'call': {
        const answer = breaker.admit();
        const call = reference.admits();
        expect(answer.admitted).toBe(call !== null);
        if (answer.admitted && call !== null) this.#running.push({ permit: answer, call });
        return;
      }
      case 'end': {
        const [ended] = this.#running.splice(what.which % Math.max(1, this.#running.length), 1);
        if (ended === undefined) return;
        ended.permit.settle(OUTCOMES[what.end]);
        reference.settle(ended.call, what.end);
        return;
      }
      case 'wait':
        vi.advanceTimersByTime(what.ms);
        return;
      case 'hold': {
        if (reference.holds.length >= MAX_HOLDS) return;
        const { mode, durationMs } = what;
        breaker.hold({ ...by, mode, durationS: durationMs === null ? undefined : durationMs / 1_000 });
        reference.place(mode, durationMs);
        return;
      }
      case 'lift': {
        const { holds } = breaker.snapshot();
        const hold = holds[what.which];
        if (hold === undefined) return;
        breaker.lift(by, what.which === 0 ? undefined : hold.id);
        reference.lift(what.which);
        return;
      }
      case 'probe': {
        const may = reference.probeNow();
        if (may) breaker.probeNow(by);
        else expect(() => breaker.probeNow(by)).toThrow(/held|only an open breaker/);
        return;
      }
      case 'reset':
        breaker.reset(by);
        reference.reset();
        return;
      case 'restart':
        breaker.close();
        this.breaker = this.#start();
        reference.restart();
        return;
      default:
        what satisfies never;
    }
  }

  #start(): CircuitBreaker {
    const records = storedRecords(this.#kept, (component, message) => {
      throw new Error(`${component}: ${message}`);
    });
    return breakerOf(SETTINGS, { records }).breaker;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

it.each(WINDOWS)('goes through the same states as the rules say, with a window of $window_kind', (window) => {
  Object.assign(SETTINGS, window);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair();
      for (const each of steps) {
        pair.take(each);
        expect(pair.breaker.state).toBe(pair.reference.shown);
        expect(pair.breaker.computedState).toBe(pair.reference.state);
        expect(pair.breaker.snapshot().holds.map(({ mode }) => mode)).toEqual(pair.reference.holds);
      }
      pair.breaker.close();
    }),
    { numRuns: WALKS },
  );
});

type Upset = Step | { do: 'probes'; count: number };

const upset: fc.Arbitrary<Upset> = fc.oneof(
  { weight: 32, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('probes' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
);

it('can always close again: whatever has happened, enough time and good calls see to it', () => {
  fc.assert(
    fc.property(fc.array(upset, { maxLength: 60, size: 'max' }), (steps) => {
      const { breaker } = breakerOf(SETTINGS);
      const running: Permit[] = [];
      for (const each of steps) disturb(each, breaker, running);
      while (breaker.snapshot().hold !== null) breaker.lift(by);
      vi.advanceTimersByTime(SETTINGS.open_s * 10_000 + LEASE_MS);
      calls(breaker, breaker.computedState === 'half_open' ? 4 : 0, SUCCESS);
      expect(breaker.state).toBe('closed');
      breaker.close();
    }),
    { numRuns: 1_000 },
  );
});

function disturb(what: Upset, breaker: CircuitBreaker, running: Permit[]): void {
  switch (what.do) {
    case 'call': {
      const answer = breaker.admit();
      if (answer.admitted) running.push(answer);
      return;
    }
    case 'end': {
      const [ended] = running.splice(what.which % Math.max(1, running.length), 1);
      ended?.settle(OUTCOMES[what.end]);
      return;
    }
    case 'wait':
      vi.advanceTimersByTime(what.ms);
      return;
    case 'hold':
      if (breaker.snapshot().holds.length < MAX_HOLDS) breaker.hold({ ...by, mode: what.mode });
      return;
    case 'lift':
      breaker.lift(by);
      return;
    case 'probes':
      breaker.override({ half_open_calls: what.count });
      return;
    case 'probe':
      if (breaker.state === 'open' && breaker.snapshot().hold === null) breaker.probeNow(by);
      return;
    case 'reset':
      breaker.reset(by);
      return;
    case 'restart':
      return;
    default:
      what satisfies never;
  }
}
