import { describe, expect, it } from 'vitest';
import { InternalFaults, type ToldFault } from '#lib/telemetry/internal-faults.ts';

function faultsAt() {
  const clock = { nowMs: 0 };
  const told: ToldFault['detail'][] = [];
  const faults = new InternalFaults({
    monotonicMs: () => clock.nowMs,
    onFault: ({ detail }) => told.push(detail),
  });
  return { clock, told, faults };
}
const errorAt = (file: string, message = 'secret words of a client') => {
  const error = new TypeError(message);
  error.stack = `TypeError: ${message}\n    at run (file:///srv/switchgear/${file}:12:34)\n    at next (node:internal/x:1:2)`;
  return error;
};

describe('faults of our own', () => {
  it('are told with their name and place, and nothing that a client may have sent', () => {
    const { faults, told } = faultsAt();
    faults.report('rejection', errorAt('lib/store/redis-tier.ts'));
    expect(told).toEqual([
      { source: 'rejection', error: 'TypeError', place: 'lib/store/redis-tier.ts:12', untold: 0 },
    ]);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  it('of one place are told once a minute, and all are counted', () => {
    const { faults, told, clock } = faultsAt();
    for (let i = 0; i < 1_000; i += 1) faults.report('rejection', errorAt('lib/a.ts'));
    faults.report('rejection', errorAt('lib/b.ts'));
    clock.nowMs = 60_000;
    faults.report('rejection', errorAt('lib/a.ts'));
    expect(told.map(({ place, untold }) => [place, untold])).toEqual([
      ['lib/a.ts:12', 0],
      ['lib/b.ts:12', 0],
      ['lib/a.ts:12', 999],
    ]);
    expect([faults.total('rejection'), faults.total('exception')]).toEqual([1_002, 0]);
  });

  it('may be anything that is thrown', () => {
    const { faults, told } = faultsAt();
    const bare = new Error('x');
    delete bare.stack;
    for (const thrown of [undefined, null, 'text', 7, {}, bare]) faults.report('exception', thrown);
    expect(told.map(({ error, place }) => `${error} ${place}`)).toEqual([
      'undefined unknown',
      'object unknown',
      'string unknown',
      'number unknown',
      'Error unknown',
    ]);
  });

  it('of ever new places take bounded memory: the oldest is told anew', () => {
    const { faults, told } = faultsAt();
    for (let i = 0; i <= 100; i += 1) faults.report('rejection', errorAt(`lib/${i}.ts`));
    faults.report('rejection', errorAt('lib/100.ts'));
    faults.report('rejection', errorAt('lib/0.ts'));
    expect(told.length).toBe(102);
  });

  it('are not made worse by who is told', () => {
    const faults = new InternalFaults({
      monotonicMs: () => 0,
      onFault: () => {
        throw new Error('the store is closed');
      },
    });
    expect(() => faults.report('rejection', new Error('x'))).not.toThrow();
    expect(faults.total('rejection')).toBe(1);
  });
});
