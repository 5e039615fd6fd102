import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuiet, nextOrder, worstFirst } from '#components/breakers/order.ts';
import { outageSince, whyOf } from '#components/breakers/why.ts';
import { transitionSchema } from '#lib/contracts/breakers.ts';
import {
  AT,
  AT_MS,
  componentWith,
  heldOpen,
  later,
  transitionWith,
  windowWith,
} from '../../support/snapshot-fixture.ts';

const failing = (name: string, rate: number) =>
  componentWith(name, { window: windowWith({ calls: 10, failures: rate * 10, failure_rate: rate }) });

describe('the order of components', () => {
  it('is open, half-open, held, then by failure rate, by traffic, by name, and the sandbox last', () => {
    const components = [
      componentWith('test', { state: 'open' }),
      componentWith('z.chat'),
      componentWith('a.chat'),
      componentWith('busy.chat', { rate_per_s: 9 }),
      failing('failing.chat', 0.4),
      failing('fine.chat', 0),
      componentWith('kept.chat', { hold: { ...heldOpenHold(), mode: 'closed' } }),
      componentWith('barred.chat', { state: 'open', hold: heldOpenHold() }),
      componentWith('probing.chat', { state: 'half_open' }),
      componentWith('gone.chat', { state: 'open' }),
    ];
    const order = ['gone', 'probing', 'barred', 'kept', 'failing', 'fine', 'busy', 'a', 'z'].map(
      (name) => `${name}.chat`,
    );
    expect(worstFirst(components).map(({ name }) => name)).toEqual([...order, 'test']);
  });

  it('does not hang on the order in which they come', () => {
    const states = fc.constantFrom('open' as const, 'half_open' as const, 'closed' as const);
    const one = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'test'), state: states });
    fc.assert(
      fc.property(fc.uniqueArray(one, { selector: ({ name }) => name }), (given) => {
        const components = given.map(({ name, state }) => componentWith(name, { state }));
        expect(worstFirst(components.toReversed())).toEqual(worstFirst(components));
      }),
    );
  });

  it('stays for ten seconds when only figures change', () => {
    const first = nextOrder(null, [failing('a', 0.1), failing('b', 0)], AT_MS);
    const turned = [failing('a', 0), failing('b', 0.1)];
    expect(nextOrder(first, turned, AT_MS + 9_999)).toBe(first);
    expect(nextOrder(first, turned, AT_MS + 10_000).names).toEqual(['b', 'a']);
  });

  it('changes at once with a state, or when a component comes', () => {
    const first = nextOrder(null, [failing('a', 0.1), failing('b', 0)], AT_MS);
    const opened = [failing('a', 0.1), componentWith('b', { state: 'open' })];
    expect(nextOrder(first, opened, AT_MS + 1).names).toEqual(['b', 'a']);
    expect(nextOrder(first, [...opened, failing('c', 1)], AT_MS + 1).names).toEqual(['b', 'c', 'a']);
  });

  it('folds away only what is closed, free and without calls', () => {
    expect(isQuiet(componentWith('a'))).toBe(true);
    expect(isQuiet(componentWith('a', heldOpen()))).toBe(false);
    expect(isQuiet(componentWith('a', { window: windowWith({ rejected: 1 }) }))).toBe(false);
  });
});

describe('why a breaker is in its state', () => {
  it('dates an outage from its beginning, and keeps its cause, whatever probes have failed since', () => {
    const component = componentWith('a.chat', {
      state: 'open',
      computed_state: 'open',
      since: later(60),
      retry_at: later(90),
      opening: transitionSchema.parse(transitionWith({ at: later(0) })),
      last_transition: transitionSchema.parse(transitionWith({ at: later(60), cause: 'probe_failed' })),
    });
    expect(outageSince(component)).toBe(later(0));
    const { cause, next } = whyOf(component, AT_MS + 61_000);
    expect(cause).toMatch(/failed, opens at/);
    expect(next).toMatch(/next probe in 29/);
  });

  it('names who holds it, why and for how long', () => {
    const why = whyOf(componentWith('a', heldOpen('quota', later(60))), AT_MS);
    expect(why.cause).toBe('by local: “quota”');
    expect(why.next).toMatch(/^since \d\d:00:00 · 1\u202fmin left$/);
    expect(whyOf(componentWith('a', heldOpen()), AT_MS).next).toMatch(/until it is lifted$/);
  });

  it('counts down to the next probes', () => {
    const open = componentWith('a', { state: 'open', retry_at: later(9) });
    expect(whyOf(open, AT_MS).next).toMatch(/probes in 9\u202fs$/);
    expect(whyOf(open, AT_MS + 60_000).next).toMatch(/probes with the next call$/);
  });

  it('shows the evidence against the threshold', () => {
    const open = componentWith('a', { state: 'open', last_transition: transitionWith() });
    expect(whyOf(open, AT_MS).cause).toBe('62.0\u202f% of 50 failed, opens at 50\u202f%');
    const slow = transitionWith({ cause: 'slow_rate' }, { slow_rate: 0.9 });
    expect(whyOf({ ...open, last_transition: slow }, AT_MS).cause).toBe(
      '90.0\u202f% of 50 slow, opens at 80\u202f%',
    );
  });

  it('says of a closed one what fails, and how much more it takes', () => {
    const some = componentWith('a', { window: windowWith({ calls: 4, failures: 2, failure_rate: 0.5 }) });
    expect(whyOf(some, AT_MS).cause).toBe('2 of 4 failed; 10 calls are needed to judge');
    expect(whyOf(failing('a', 0.4), AT_MS).cause).toBe('4 of 10 failed, opens at 50\u202f%');
    expect(whyOf(componentWith('a'), AT_MS + 61_000)).toEqual({
      cause: '',
      next: 'closed for 1\u202fmin 1\u202fs',
    });
  });

  it('leaves times of day out while the reader’s zone is not known', () => {
    expect(whyOf(componentWith('a', { state: 'half_open' }), AT_MS, false).next).not.toMatch(/\d\d:/);
  });
});

function heldOpenHold() {
  return { id: 'h1', mode: 'open' as const, by: 'local', reason: null, since: AT, expires_at: null };
}
