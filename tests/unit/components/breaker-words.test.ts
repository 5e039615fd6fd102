import { describe, expect, it } from 'vitest';
import { changesOf, draftOf, patchOf, SETTING_FIELDS } from '#components/breakers/setting-fields.ts';
import {
  callersNotice,
  latencies,
  othersServing,
  whoServesInstead,
  windowName,
} from '#components/breakers/window-words.ts';
import { faultProgress, resultOf, whatItDoes } from '#components/drills/drill-words.ts';
import { describeEvent } from '#components/events/describe.ts';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';
import { type Drill, drillSchema } from '#lib/contracts/drills.ts';
import {
  AT,
  AT_MS,
  componentWith,
  heldOpen,
  snapshotWith,
  transitionWith,
  upstreamWith,
} from '../../support/snapshot-fixture.ts';

const settings = (given = {}) => breakerSettingsSchema.parse(given);
const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('a window', () => {
  it('is named by what it is of', () => {
    expect(plain(windowName(settings()))).toBe('last 10 s');
    expect(windowName(settings({ window_kind: 'count', window_calls: 1 }))).toBe('last 1 call');
  });

  it('of calls is told as such by its events', () => {
    const detail = transitionWith(
      { cause: 'failure_rate', from: 'closed', to: 'open' },
      { calls: 100, failures: 50, settings: settings({ window_kind: 'count' }) },
    );
    const { text } = describeEvent({
      seq: 1,
      at: AT,
      type: 'breaker_failure_rate',
      component: 'a.chat',
      detail,
    });
    expect(plain(text)).toBe('50 of 100 failed in 100 calls, threshold 50 %');
  });

  it('without calls has no latencies to tell', () => {
    expect(latencies({ p50: null, p90: null, p99: null })).toBe('—');
    expect(plain(latencies({ p50: 1, p90: 20, p99: 3_000 }))).toBe('1.0 ms · 20 ms · 3.0 s');
  });
});

describe('who serves instead', () => {
  const snapshot = (models: readonly [string[], string[]], other = {}) =>
    snapshotWith({
      upstreams: [upstreamWith('a', { models: models[0] }), upstreamWith('b', { models: models[1] })],
      components: [componentWith('a.chat'), componentWith('b.chat', other), componentWith('b.embeddings')],
    });
  const a = componentWith('a.chat');

  it.each([
    [[['m'], ['m']], ['b']],
    [[['m'], ['*']], ['b']],
    [[['*'], ['m']], ['b']],
    [[['m'], ['other']], []],
  ] as const)('of models %j is %j', ([own, others], expected) => {
    expect(othersServing(a, snapshot([[...own], [...others]]))).toEqual(expected);
  });

  it('is nobody whose own breaker is open', () => {
    expect(othersServing(a, snapshot([['m'], ['m']], { state: 'open' }))).toEqual([]);
    expect(whoServesInstead(a, snapshot([['m'], ['m']], { state: 'open' }))).toContain(
      'callers will get 503',
    );
    expect(whoServesInstead(a, snapshot([['m'], ['m']]))).toContain('go on to b');
  });

  it('is told with what callers notice, in every state', () => {
    const all = snapshot([['m'], ['m']]);
    const says = (given: object) => callersNotice(componentWith('a.chat', given), all);
    expect(says({})).toBe('Calls go through.');
    expect(says(heldOpen())).toContain('served by b');
    expect(says({ state: 'half_open' })).toContain('Up to 3 calls at a time');
    expect(says({ ramp: { in_flight: 2, limit: 3 } })).toContain('beyond it');
    expect(callersNotice(componentWith('test'), all)).toContain('protects nothing');
  });
});

describe('the form of the settings', () => {
  it('has every setting, with what it does and may be', () => {
    expect(SETTING_FIELDS.map(({ name }) => name)).toEqual(Object.keys(breakerSettingsSchema.shape));
    for (const { does, allowed } of SETTING_FIELDS) expect([does, allowed]).not.toContain('');
    const of = (name: string) => SETTING_FIELDS.find((field) => field.name === name)?.allowed;
    expect(of('half_open_calls')).toBe('a whole number from 1 to 100');
    expect(of('failure_rate_percent')).toBe('a number above 0, up to 100');
    expect(of('window_kind')).toBe('one of time, count');
  });

  it('sends what was changed, as the server takes it, and names what is wrong', () => {
    const before = settings();
    const changed = (given: object) => patchOf(changesOf(before, { ...draftOf(before), ...given }));
    expect(changed({})).toEqual({ ok: true, patch: {} });
    expect(changed({ open_s: ' 2.5 ', window_kind: 'count' })).toEqual({
      ok: true,
      patch: { open_s: 2.5, window_kind: 'count' },
    });
    for (const wrong of ['', '0', 'ten', '1.5'])
      expect(changed({ minimum_calls: wrong })).toEqual({
        ok: false,
        errors: { minimum_calls: `“${wrong}” is not allowed; must be a whole number from 1 to 10000` },
      });
  });
});

describe('a drill', () => {
  const drill = (given: Partial<Drill> = {}): Drill =>
    drillSchema.parse({
      id: 'd',
      component: 'a.chat',
      fault: 'rate_limit',
      rate: 0.25,
      duration_s: 20,
      calls_per_s: 50,
      by: 'ann',
      status: 'running',
      phase: 'fault',
      end_cause: null,
      started_at: AT,
      fault_ended_at: null,
      ended_at: null,
      time_to_open_ms: null,
      calls_leaked: 0,
      probes: 0,
      time_to_recover_ms: null,
      worst_caller_ms: null,
      calls: { sent: 0, succeeded: 0, failed: 0, refused: 0, skipped: 0 },
      checks: [],
      transitions: [],
      ...given,
    });

  it('says what it does, how far it is and how it ended', () => {
    expect(plain(whatItDoes(drill()))).toBe('25 % rate limits (429) for 20 s, 50 calls/s');
    expect([
      faultProgress(drill(), AT_MS + 5_000),
      faultProgress(drill({ phase: 'recovery' }), AT_MS),
    ]).toEqual([0.25, 1]);
    expect(resultOf(drill())).toBe('the fault is on');
    expect(resultOf(drill({ status: 'passed', phase: 'over', end_cause: 'finished' }))).toBe('passed');
    expect(resultOf(drill({ status: 'failed', phase: 'over', end_cause: 'stopped' }))).toBe(
      'failed: stopped by hand',
    );
  });
});
