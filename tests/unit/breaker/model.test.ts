/** Random histories against a small reference machine that knows only the rules, not how they are kept. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import type { Permit } from '#lib/breaker/types.ts';
import { breakerOf, calls, FAILURE, LEASE_MS, SUCCESS } from './support.ts';

const SETTINGS = {
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

/** The rules, with the whole history of a generation kept as a list. */
class Reference {
  state: 'closed' | 'open' | 'half_open' = 'closed';
  hold: 'open' | 'closed' | null = null;
  #ended: boolean[] = [];
  #generation = 0;
  #openUntil = 0;
  #rounds = 0;
  readonly #probes = new Set<Call>();
  #goodProbes = 0;

  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get shown(): string {
    this.#elapse();
    return this.hold ?? this.state;
  }

  admits(): Call | null {
    this.#elapse();
    const call = {
      generation: this.#generation,
      guarded: this.hold === null,
      leaseEnds: this.#now() + LEASE_MS,
    };
    if (this.hold === 'open') return null;
    if (this.hold === 'closed') return call;
    if (this.state === 'open') return null;
    if (this.state === 'half_open') {
      // A lease that is over gives its place to whoever asks next; until then the probe still counts.
      for (const probe of this.#probes) if (probe.leaseEnds <= this.#now()) this.#probes.delete(probe);
      if (this.#probes.size + this.#goodProbes >= SETTINGS.half_open_calls) return null;
      this.#probes.add(call);
    }
    return call;
  }

  settle(call: Call, end: 'good' | 'bad' | 'left'): void {
    if (call.generation !== this.#generation) return;
    if (!call.guarded) {
      if (end !== 'left') this.#ended.push(end === 'good');
      return;
    }
    if (this.state === 'half_open') this.#settleProbe(call, end);
    else if (end !== 'left') this.#settleClosed(end === 'good');
  }

  reset(): void {
    this.hold = null;
    this.#rounds = 0;
    this.#enter('closed');
  }

  #settleProbe(probe: Call, end: 'good' | 'bad' | 'left'): void {
    if (!this.#probes.delete(probe)) return;
    if (end === 'bad') {
      this.#rounds += 1;
      this.#open();
    } else if (end === 'good') {
      this.#goodProbes += 1;
      if (this.#goodProbes < SETTINGS.half_open_calls) return;
      this.#rounds = 0;
      this.#enter('closed');
    }
  }

  #settleClosed(good: boolean): void {
    this.#ended.push(good);
    const bad = this.#ended.filter((each) => !each).length;
    if (
      this.state === 'closed' &&
      this.hold !== 'closed' &&
      this.#ended.length >= SETTINGS.minimum_calls &&
      bad / this.#ended.length >= 0.5
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
  }
}

type Step =
  | { do: 'call' }
  | { do: 'end'; which: number; end: 'good' | 'bad' | 'left' }
  | { do: 'wait'; ms: number }
  | { do: 'trip' | 'force_closed' | 'lift' | 'reset' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'call' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(20),
      end: fc.constantFrom('good', 'bad', 'bad', 'left'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 500, 5_000, 10_000, 20_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('trip', 'force_closed', 'lift', 'reset') }) },
);

type Running = { permit: Permit; call: Call };

function act(what: Step, breaker: CircuitBreaker, reference: Reference, running: Running[]): void {
  const by = { by: 'model' };
  switch (what.do) {
    case 'call': {
      const answer = breaker.admit();
      const call = reference.admits();
      expect(answer.admitted).toBe(call !== null);
      if (answer.admitted && call !== null) running.push({ permit: answer, call });
      return;
    }
    case 'end': {
      const [ended] = running.splice(what.which % Math.max(1, running.length), 1);
      if (ended === undefined) return;
      ended.permit.settle(what.end === 'good' ? SUCCESS : what.end === 'bad' ? FAILURE : { kind: 'neutral' });
      reference.settle(ended.call, what.end);
      return;
    }
    case 'wait':
      vi.advanceTimersByTime(what.ms);
      return;
    case 'trip':
      breaker.trip(by);
      reference.hold = 'open';
      return;
    case 'force_closed':
      breaker.hold({ ...by, mode: 'closed' });
      reference.hold = 'closed';
      return;
    case 'lift':
      breaker.lift(by);
      reference.hold = null;
      return;
    case 'reset':
      breaker.reset(by);
      reference.reset();
      return;
    default:
      what satisfies never;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

it('goes through the same states as the rules say, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const { breaker } = breakerOf(SETTINGS);
      const reference = new Reference(() => performance.now());
      const running: Running[] = [];
      for (const each of steps) {
        act(each, breaker, reference, running);
        expect(breaker.state).toBe(reference.shown);
        expect(breaker.computedState).toBe(reference.state);
      }
      breaker.close();
    }),
    { numRuns: 1_500 },
  );
});

type Upset = Step | { do: 'probes'; count: number };

const upset: fc.Arbitrary<Upset> = fc.oneof(
  { weight: 12, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('probes' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
);

it('can always close again: whatever has happened, enough time and good calls see to it', () => {
  fc.assert(
    fc.property(fc.array(upset, { maxLength: 80, size: 'max' }), (steps) => {
      const { breaker } = breakerOf(SETTINGS);
      const running: Permit[] = [];
      for (const each of steps) {
        if (each.do === 'probes')
          breaker.updateSettings({ ...breaker.settings, half_open_calls: each.count });
        else disturb(each, breaker, running);
      }
      breaker.lift({ by: 'model' });
      vi.advanceTimersByTime(SETTINGS.open_s * 10_000 + LEASE_MS);
      calls(breaker, breaker.computedState === 'half_open' ? 4 : 0, SUCCESS);
      expect(breaker.state).toBe('closed');
      breaker.close();
    }),
    { numRuns: 1_000 },
  );
});

function disturb(what: Step, breaker: CircuitBreaker, running: Permit[]): void {
  const by = { by: 'model' };
  if (what.do === 'call') {
    const answer = breaker.admit();
    if (answer.admitted) running.push(answer);
  } else if (what.do === 'end') {
    const [ended] = running.splice(what.which % Math.max(1, running.length), 1);
    ended?.settle(what.end === 'good' ? SUCCESS : what.end === 'bad' ? FAILURE : { kind: 'neutral' });
  } else if (what.do === 'wait') vi.advanceTimersByTime(what.ms);
  else if (what.do === 'trip') breaker.trip(by);
  else if (what.do === 'force_closed') breaker.hold({ ...by, mode: 'closed' });
  else breaker[what.do](by);
}
