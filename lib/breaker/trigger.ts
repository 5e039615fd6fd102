/** Drives injected failures through a component's own breaker, to see it open. */
import type { CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import { SANDBOX, SANDBOX_FAILURES, SANDBOX_LIMITS, sandboxSettings } from '#lib/breaker/sandbox.ts';
import { failuresToOpen } from '#lib/breaker/verdict.ts';
import type { TestStatus, TriggerResult } from '#lib/contracts/breakers.ts';
import { SwitchgearError } from '#lib/errors.ts';

export const MAX_FAILURES = 100;
const INJECTED = 'Injected failure';

type Attempt = TriggerResult['test_results'][number];

/**
 * `count` failures and one more call, so `count + 1` attempts. Without a count, as many as open it.
 * @throws SwitchgearError `bad_request` when `count` is no whole number from 1 to 100.
 */
export function triggerFailure(breaker: CircuitBreaker, count: number = countFor(breaker)): TriggerResult {
  if (!Number.isInteger(count) || count < 1 || count > MAX_FAILURES) {
    throw new SwitchgearError(
      'bad_request',
      `failure_count: ${count} is not allowed; must be a whole number from 1 to ${MAX_FAILURES}`,
      { field: 'failure_count' },
    );
  }
  if (breaker.name === SANDBOX) prepareSandbox(breaker, count);
  const results: Attempt[] = [];
  for (let attempt = 1; attempt <= count; attempt++) results.push(injectFailure(breaker, attempt));
  results.push(callOnce(breaker, count + 1));
  return {
    component: breaker.name,
    final_state: breaker.state,
    failure_count: count,
    test_results: results,
  };
}

/** One component's entry of `GET /api/test/circuit-breaker/status`. */
export function statusOf(breaker: CircuitBreaker): TestStatus[string] {
  const { successes, failures, lastFailureAt } = breaker.tally;
  return {
    state: breaker.state,
    failure_count: failures,
    success_count: successes,
    last_failure_time: lastFailureAt === null ? null : new Date(lastFailureAt).toISOString(),
  };
}

function countFor(breaker: CircuitBreaker): number {
  if (breaker.name === SANDBOX) return SANDBOX_FAILURES;
  if (breaker.computedState !== 'closed') return 1;
  const countsAfter = (more: number) => breaker.countsAfterFailures(more);
  return failuresToOpen(countsAfter, breaker.settings, MAX_FAILURES) ?? MAX_FAILURES;
}

/** An operator's hold on it stays; changed settings do not, or it would not open after exactly so many. */
function prepareSandbox(breaker: CircuitBreaker, count: number): void {
  breaker.clearOverrides();
  breaker.configure(sandboxSettings(count), SANDBOX_LIMITS);
  if (breaker.snapshot().hold === null) breaker.reset({ by: 'trigger-failure' });
}

function injectFailure(breaker: CircuitBreaker, attempt: number): Attempt {
  const permit = breaker.admit();
  if (!permit.admitted) return refused(breaker, attempt);
  permit.settle({ kind: 'failure', failure: 'injected', message: INJECTED });
  return { attempt, status: 'failed', state: breaker.state, error: INJECTED };
}

function callOnce(breaker: CircuitBreaker, attempt: number): Attempt {
  const permit = breaker.admit();
  if (!permit.admitted) return refused(breaker, attempt);
  permit.settle({ kind: 'success' });
  return { attempt, status: 'success', state: breaker.state };
}

function refused(breaker: CircuitBreaker, attempt: number): Attempt {
  return {
    attempt,
    status: 'failed',
    state: breaker.state,
    error: `Circuit breaker ${breaker.name} is open`,
  };
}
