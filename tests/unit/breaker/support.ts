import { type BreakerParts, CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import type { Outcome, Permit } from '#lib/breaker/types.ts';
import type { Transition } from '#lib/contracts/breakers.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';

export const LEASE_MS = 60_000;
export const FAILURE: Outcome = { kind: 'failure', failure: 'http_5xx', message: 'HTTP 500' };
export const SUCCESS: Outcome = { kind: 'success' };

/** A breaker on the faked clock of the test. `random` of a half means no jitter. */
export function breakerOf(
  settings: Partial<BreakerSettings> = {},
  parts: Partial<BreakerParts> = {},
): {
  breaker: CircuitBreaker;
  transitions: Transition[];
} {
  const transitions: Transition[] = [];
  const breaker = new CircuitBreaker('a.chat', breakerSettingsSchema.parse(settings), LEASE_MS, {
    now: Date.now,
    monotonicMs: () => performance.now(),
    random: () => 0.5,
    onTransition: (transition) => transitions.push(transition),
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
