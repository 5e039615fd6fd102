import { type BreakerParts, CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import { NO_RECORDS } from '#lib/breaker/record.ts';
import type { Outcome, Permit } from '#lib/breaker/types.ts';
import type { Transition } from '#lib/contracts/breakers.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';

export const LEASE_MS = 60_000;
/** Calls in flight that the upstream takes. */
export const CAPACITY = 64;
export const FAILURE: Outcome = { kind: 'failure', failure: 'http_5xx', message: 'HTTP 500' };
export const SUCCESS: Outcome = { kind: 'success' };

const LIMITS = { probeLeaseMs: LEASE_MS, capacity: CAPACITY };
let holds = 0;

/** A breaker on the faked clock of the test. `random` of a half means no jitter. */
export function breakerOf(
  settings: Partial<BreakerSettings> = {},
  parts: Partial<BreakerParts> = {},
): {
  breaker: CircuitBreaker;
  transitions: Transition[];
} {
  const transitions: Transition[] = [];
  const breaker = new CircuitBreaker('a.chat', breakerSettingsSchema.parse(settings), LIMITS, {
    now: Date.now,
    monotonicMs: () => performance.now(),
    random: () => 0.5,
    onTransition: (transition) => transitions.push(transition),
    randomId: () => `hold-${++holds}`,
    records: NO_RECORDS,
    lastTransitionOf: () => null,
    meterOf: () => ({ call: () => {}, rejected: () => {} }),
    ...parts,
  });
  return { breaker, transitions };
}

export function admitted(breaker: CircuitBreaker): Permit {
  const permit = breaker.admit();
  if (!permit.admitted) throw new Error(`refused: ${permit.reason}`);
  return permit;
}

/** That many calls, one after another, each ending so. */
export function calls(breaker: CircuitBreaker, count: number, outcome: Outcome): void {
  for (let i = 0; i < count; i++) admitted(breaker).settle(outcome);
}
