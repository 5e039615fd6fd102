import { describe, expect, it } from 'vitest';
import { describeEvent } from '#components/events/describe.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { AT, later, transitionWith } from '../../support/snapshot-fixture.ts';

const event = (type: string, more: Partial<LoggedEvent> = {}): LoggedEvent => ({
  seq: 1,
  at: AT,
  type,
  detail: null,
  ...more,
});
const breaker = (...given: Parameters<typeof transitionWith>) => {
  const detail = transitionWith(...given);
  return event(`breaker_${detail.cause}`, { component: 'a.chat', detail });
};
const fault = {
  id: '1',
  upstream: 'gpu',
  kind: 'rate_limit',
  rate: 0.5,
  started_at: AT,
  ends_at: later(60),
  struck: 1,
  by: 'local',
};

/** As it is typed here, with plain spaces. */
function told(given: LoggedEvent) {
  const { title, text, tone } = describeEvent(given);
  return [title, text, tone].map((part) => part.replaceAll('\u202f', ' '));
}

describe('an event in words', () => {
  it.each([
    [breaker(), ['a.chat opened', '31 of 50 failed in 10 s, threshold 50 %', 'bad']],
    [
      breaker({ cause: 'slow_rate' }, { slow: 45 }),
      ['a.chat opened', '45 of 50 were slow in 10 s, threshold 80 %', 'bad'],
    ],
    [
      breaker({ cause: 'open_elapsed', from: 'open', to: 'half_open' }),
      ['a.chat half-open', 'its open time is over, probes decide', 'warning'],
    ],
    [
      breaker({ cause: 'probes_succeeded', from: 'half_open', to: 'closed' }),
      ['a.chat closed', 'its probes succeeded', 'good'],
    ],
    [
      breaker({ cause: 'trip', by: 'ops', reason: 'quota review' }),
      ['a.chat held open', 'by ops: “quota review”', 'held'],
    ],
    [
      breaker({ cause: 'reset', from: 'open', to: 'closed', by: 'ops' }),
      ['a.chat closed', 'reset by ops', 'good'],
    ],
    [
      event('fault_injected', { component: 'gpu', by: 'local', detail: { fault, cause: 'operator' } }),
      ['Fault on gpu', 'rate limit at 50.0 % for 1 min, by local', 'warning'],
    ],
    [
      event('fault_ended', { component: 'gpu', detail: { fault, cause: 'expired' } }),
      ['Fault on gpu ended', 'rate limit at 50.0 %, 1 call struck', 'plain'],
    ],
    [
      event('operator_settings', {
        component: 'a.chat',
        by: 'ops',
        detail: {
          reason: 'calmer',
          before: { settings: { window_s: 10, open_s: 15 } },
          after: { settings: { window_s: 20, open_s: 15 } },
        },
      }),
      ['a.chat settings', 'window_s 10 → 20, by ops: “calmer”', 'plain'],
    ],
    [
      event('workload_started', { by: 'local', detail: { shape: 'day', rate_per_s: 20 } }),
      ['Workload started', 'day, 20/s, by local', 'plain'],
    ],
    [
      event('workload_ended', { detail: { cause: 'finished', sent: 1_200 } }),
      ['Workload ended', 'finished, 1 200 requests sent', 'plain'],
    ],
    [
      event('config_refused', { detail: { message: 'listen.port: "x"' } }),
      ['Configuration refused, the old one stays', '“listen.port: "x"”', 'warning'],
    ],
    [
      event('config_takes_away', { detail: { message: 'redis removed', taken: [] } }),
      ['A reload takes something away', '“redis removed”', 'warning'],
    ],
    [
      event('config_incomplete', { detail: { message: 'restart' } }),
      ['Configuration taken up only in part', '“restart”', 'bad'],
    ],
    [event('login_refused', { detail: null }), ['A wrong admin token was tried', '', 'warning']],
    [
      event('something_else', { component: 'a.chat', detail: { message: 'm' } }),
      ['a.chat something else', '“m”', 'plain'],
    ],
    [event('breaker_failure_rate', { component: 'a.chat' }), ['a.chat changed', '', 'plain']],
  ] satisfies [LoggedEvent, string[]][])('$0.type: $1', (given, words) => expect(told(given)).toEqual(words));
});
