import { describe, expect, it } from 'vitest';
import { BreakerRegistry } from '#lib/breaker/registry.ts';
import { statusOf, triggerFailure } from '#lib/breaker/trigger.ts';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';

function registry(): BreakerRegistry {
  return new BreakerRegistry({ now: Date.now, onTransition: () => {} });
}

describe('the sandbox', () => {
  it.each([undefined, 1, 2, 5, 100])(
    'opens after exactly N failures (N = %s), and refuses the next call',
    (count) => {
      const breakers = registry();
      const result = triggerFailure(breakers.require('test'), count);
      const n = count ?? 3;
      expect(result).toMatchObject({ component: 'test', final_state: 'open', failure_count: n });
      expect(result.test_results).toHaveLength(n + 1);
      expect(result.test_results.map((each) => each.state)).toEqual([
        ...Array(n - 1).fill('closed'),
        'open',
        'open',
      ]);
      expect(result.test_results.at(-1)).toMatchObject({
        attempt: n + 1,
        status: 'failed',
        error: 'Circuit breaker test is open',
      });
      breakers.close();
    },
  );

  it('does so again and again', () => {
    const breakers = registry();
    const sandbox = breakers.require('test');
    for (const n of [5, 2, 3]) expect(triggerFailure(sandbox, n).test_results[n - 1]?.state).toBe('open');
    expect(statusOf(sandbox)).toMatchObject({ state: 'open', failure_count: 3, success_count: 0 });
    sandbox.reset({ by: 'test' });
    expect(statusOf(sandbox)).toMatchObject({ state: 'closed', failure_count: 0 });
    breakers.close();
  });

  it.each([0, 101, -1, 1.5, Number.NaN])('refuses %s failures', (count) => {
    expect(() => triggerFailure(registry().require('test'), count)).toThrow(
      expect.objectContaining({ code: 'bad_request', field: 'failure_count' }),
    );
  });
});

describe('another component', () => {
  const settings = breakerSettingsSchema.parse({ minimum_calls: 10 });

  it('is given as many failures as open it, counting what its window holds', () => {
    const breakers = registry();
    const breaker = breakers.ensure('a.chat', settings, { probeLeaseMs: 1_000, capacity: 64 });
    for (let i = 0; i < 20; i++) {
      const permit = breaker.admit();
      if (permit.admitted) permit.settle({ kind: 'success' });
    }
    const result = triggerFailure(breaker);
    expect([result.failure_count, result.final_state]).toEqual([20, 'open']);
    breakers.close();
  });

  it('stays closed with fewer, and its last call succeeds', () => {
    const breakers = registry();
    const result = triggerFailure(
      breakers.ensure('a.chat', settings, { probeLeaseMs: 1_000, capacity: 64 }),
      4,
    );
    expect(result.final_state).toBe('closed');
    expect(result.test_results.at(-1)).toMatchObject({ attempt: 5, status: 'success' });
    breakers.close();
  });
});

it('an unknown component is told apart, and the known ones are named', () => {
  expect(() => registry().require('nope')).toThrow(
    expect.objectContaining({ code: 'not_found', message: expect.stringContaining('test') }),
  );
});
