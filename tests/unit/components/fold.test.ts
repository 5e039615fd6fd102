import { expect, it } from 'vitest';
import { foldProbes } from '#components/events/fold.ts';

let seq = 0;
const event = (type: string, component?: string) => ({
  seq: ++seq,
  at: '2026-01-01T12:00:00.000Z',
  type,
  ...(component === undefined ? {} : { component }),
  detail: {},
});
const folded = (...events: ReturnType<typeof event>[]) =>
  foldProbes(events).map(({ event: { type, component }, times }) => `${component ?? ''} ${type} ${times}`);

it('makes one line of the rounds of one outage, each component for itself', () => {
  const round = (name: string) => [event('breaker_open_elapsed', name), event('breaker_probe_failed', name)];
  expect(
    folded(
      event('breaker_failure_rate', 'a'),
      ...round('a'),
      event('breaker_failure_rate', 'b'),
      ...round('a'),
      ...round('b'),
      ...round('a'),
      event('fault_ended', 'a'),
    ),
  ).toEqual([
    'a breaker_failure_rate 1',
    'b breaker_failure_rate 1',
    'b breaker_probe_failed 1',
    'a breaker_probe_failed 3',
    'a fault_ended 1',
  ]);
});

it('shows the round that is under way, and begins anew after a recovery', () => {
  expect(
    folded(
      event('breaker_open_elapsed', 'a'),
      event('breaker_probe_failed', 'a'),
      event('breaker_open_elapsed', 'a'),
      event('breaker_probes_succeeded', 'a'),
      event('breaker_open_elapsed', 'a'),
    ),
  ).toEqual(['a breaker_open_elapsed 2', 'a breaker_probes_succeeded 1', 'a breaker_open_elapsed 1']);
});
