import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FREE_TRIES,
  LOCK_MS,
  LoginAttempts,
  type LoginEvent,
  MAX_ADDRESSES,
  MAX_EVENTS,
  MAX_WRONG,
} from '#lib/access/login-attempts.ts';

const MINUTE_MS = 60_000;

function attempts() {
  const clock = { ms: 0 };
  const events: LoginEvent[] = [];
  const all = new LoginAttempts({ monotonicMs: () => clock.ms, onEvent: (event) => events.push(event) });
  const fail = (address: string, count: number) => {
    for (let n = 0; n < count; n += 1) all.failed(address);
  };
  return { all, clock, events, fail };
}

describe('after wrong tries', () => {
  it('the wait begins at the fifth, doubles with each, and ends at a quarter of an hour', () => {
    const { all, clock } = attempts();
    const waits: number[] = [];
    for (let n = 0; n < 18; n += 1) {
      all.failed('a');
      waits.push(all.waitMs('a') / 1_000);
      clock.ms += all.waitMs('a');
      expect(all.waitMs('a')).toBe(0);
    }
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
  });

  it('nobody else waits', () => {
    const { all, fail } = attempts();
    fail('a', 20);
    expect(all.waitMs('b')).toBe(0);
  });

  it('a right login begins anew; a right bearer does not', () => {
    const { all, fail } = attempts();
    fail('a', FREE_TRIES - 1);
    all.proved('a');
    fail('a', 1);
    expect(all.waitMs('a')).toBe(1_000);
    all.loggedIn('a');
    fail('a', FREE_TRIES - 1);
    expect(all.waitMs('a')).toBe(0);
  });

  it('they are forgotten an hour after the wait', () => {
    const { all, clock, fail } = attempts();
    fail('a', FREE_TRIES - 1);
    clock.ms += 61 * MINUTE_MS;
    fail('a', FREE_TRIES - 1);
    expect(all.waitMs('a')).toBe(0);
  });

  it('a guesser has at most so many tries in a day, however it spreads them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 * LOCK_MS }), { maxLength: 400 }), (pauses) => {
        const { all, clock } = attempts();
        let tries = 0;
        for (const pause of pauses) {
          clock.ms += pause;
          if (clock.ms > 24 * 60 * MINUTE_MS) break;
          if (all.waitMs('a') > 0) continue;
          all.failed('a');
          tries += 1;
        }
        expect(tries).toBeLessThanOrEqual(FREE_TRIES + 10 + 96);
      }),
    );
  });
});

describe('many addresses', () => {
  it('have so many tries together; who was right before does not wait for them', () => {
    const { all, clock } = attempts();
    all.proved('operator');
    for (let n = 0; n < MAX_WRONG; n += 1) {
      expect(all.waitMs(`a${n}`)).toBe(0);
      all.failed(`a${n}`);
    }
    expect(all.waitMs('newcomer')).toBe(10 * MINUTE_MS);
    expect(all.waitMs('operator')).toBe(0);
    clock.ms += 10 * MINUTE_MS;
    expect(all.waitMs('newcomer')).toBe(0);
  });

  it('are remembered within a bound', () => {
    const { all, fail } = attempts();
    for (let n = 0; n < MAX_ADDRESSES + 5; n += 1) fail(`a${n}`, 1);
    expect(all.size).toBe(MAX_ADDRESSES);
  });
});

describe('an operator', () => {
  it('is told once a minute of each kind for an address, and how much was left out', () => {
    const { clock, events, fail } = attempts();
    fail('a', 8);
    expect(events).toEqual([
      { type: 'login_refused', detail: { address: 'a', tries: 1, wait_s: 0, left_out: 0 } },
      { type: 'login_locked', detail: { address: 'a', tries: 5, wait_s: 1, left_out: 3 } },
    ]);
    clock.ms += MINUTE_MS;
    fail('a', 1);
    expect(events[2]).toEqual({
      type: 'login_locked',
      detail: { address: 'a', tries: 9, wait_s: 16, left_out: 3 },
    });
  });

  it('is not flooded from many addresses', () => {
    const { events, fail } = attempts();
    for (let n = 0; n < 10 * MAX_EVENTS; n += 1) fail(`a${n}`, 1);
    expect(events.length).toBe(MAX_EVENTS);
  });
});
