/** The state of all breakers in one sentence, and the order in which they want attention. */
import type { BreakerView } from '#lib/contracts/breakers.ts';

/** The sandbox is there to be tripped: it says nothing about the system. */
export const SANDBOX = 'test';

export interface Summary {
  tone: 'text-closed' | 'text-half-open' | 'text-open';
  headline: string;
  /** ISO 8601; null when there is nothing to date. */
  since: string | null;
}

export function summaryOf(breakers: readonly BreakerView[]): Summary {
  const real = worstFirst(breakers.filter((breaker) => breaker.name !== SANDBOX));
  const troubled = real.filter(
    (breaker) => breaker.state !== 'closed' || breaker.computed_state !== 'closed',
  );
  const [worst] = troubled;
  if (worst === undefined) {
    return {
      tone: 'text-closed',
      headline: `All ${real.length} breakers of upstreams are closed`,
      since: null,
    };
  }
  const state = worst.hold === null ? worst.state.replace('_', '-') : 'held open';
  const others = troubled.length > 1 ? `, ${troubled.length - 1} more not closed` : '';
  return {
    tone: worst.state === 'open' ? 'text-open' : 'text-half-open',
    headline: `${worst.name} is ${state}${others}`,
    since: worst.since,
  };
}

const BADNESS = { open: 0, half_open: 1, closed: 2 } as const;

/** Open first, then half-open, then by failure rate, then by traffic; the sandbox last of its state. */
export function worstFirst(breakers: readonly BreakerView[]): BreakerView[] {
  return breakers.toSorted(
    (a, b) =>
      BADNESS[a.state] - BADNESS[b.state] ||
      Number(a.name === SANDBOX) - Number(b.name === SANDBOX) ||
      (b.window.failure_rate ?? -1) - (a.window.failure_rate ?? -1) ||
      b.rate_per_s - a.rate_per_s ||
      a.name.localeCompare(b.name),
  );
}
