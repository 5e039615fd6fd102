import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENTS, snippetOf } from '#components/first-page/snippets.ts';
import { summaryOf, worstFirst } from '#components/first-page/summary.ts';
import { whyOf } from '#components/first-page/why.ts';
import { formatDuration, formatMs, formatPerSecond, formatRate } from '#components/ui/format.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';

const AT = '2026-01-01T12:00:00.000Z';
const AT_MS = Date.parse(AT);
const SECOND = 1_000;
const EMPTY = {
  calls: 0,
  failures: 0,
  slow: 0,
  timeouts: 0,
  rejected: 0,
  failure_rate: null,
  slow_rate: null,
};

function view(
  name: string,
  given: Partial<BreakerView> = {},
  failureRate: number | null = null,
): BreakerView {
  return {
    name,
    state: 'closed',
    computed_state: 'closed',
    hold: null,
    since: AT,
    retry_at: null,
    settings: breakerSettingsSchema.parse({}),
    window: { ...EMPTY, failure_rate: failureRate },
    latency_ms: { p50: null, p90: null, p99: null },
    rate_per_s: 0,
    last_transition: null,
    ...given,
  };
}

const holdBy = (reason: string | null, expiresAt: string | null): BreakerView['hold'] => ({
  mode: 'open',
  by: 'local',
  reason,
  since: AT,
  expires_at: expiresAt,
});

describe('the order of breakers', () => {
  it('is open, half-open, then by failure rate, by traffic, by name', () => {
    const breakers = [
      view('z'),
      view('a'),
      view('busy', { rate_per_s: 9 }),
      view('failing', {}, 0.4),
      view('fine', {}, 0),
      view('probing', { state: 'half_open' }),
      view('gone', { state: 'open' }),
    ];
    const names = ['gone', 'probing', 'failing', 'fine', 'busy', 'a', 'z'];
    expect(worstFirst(breakers).map(({ name }) => name)).toEqual(names);
  });

  it('does not hang on the order in which they come', () => {
    const states = fc.constantFrom('open' as const, 'half_open' as const, 'closed' as const);
    const one = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'test'), state: states });
    const some = fc.uniqueArray(one, { selector: ({ name }) => name });
    fc.assert(
      fc.property(some, (given) => {
        const breakers = given.map(({ name, state }) => view(name, { state }));
        expect(worstFirst(breakers.toReversed())).toEqual(worstFirst(breakers));
      }),
    );
  });
});

describe('the first sentence', () => {
  it('says that all is well, without the sandbox', () => {
    const { headline, since } = summaryOf([view('a.chat'), view('a.admin'), view('test', { state: 'open' })]);
    expect({ headline, since }).toEqual({ headline: 'All 2 breakers of upstreams are closed', since: null });
  });

  it('names the worst, since when, and how many more there are', () => {
    const breakers = [view('a', { state: 'half_open' }), view('b', { state: 'open' }), view('c')];
    expect(summaryOf(breakers)).toMatchObject({ headline: 'b is open, 1 more not closed', since: AT });
  });

  it('tells an operator’s hold from what traffic did', () => {
    const held = view('a', { state: 'open', hold: holdBy(null, null) });
    expect(summaryOf([held]).headline).toBe('a is held open');
  });
});

describe('why a breaker is in its state', () => {
  it('names who holds it, why and until when', () => {
    const end = new Date(AT_MS + 60 * SECOND).toISOString();
    const why = whyOf(view('a', { state: 'open', hold: holdBy('quota', end) }), AT_MS);
    expect(why.cause).toBe('by local: “quota”');
    expect(why.next).toMatch(/until \d\d:01:00 · traffic alone: closed$/);
  });

  it('counts down to the next probes', () => {
    const open = view('a', { state: 'open', retry_at: new Date(AT_MS + 9 * SECOND).toISOString() });
    expect(whyOf(open, AT_MS).next).toMatch(/probes in 9 s$/);
    expect(whyOf(open, AT_MS + 60 * SECOND).next).toMatch(/probes in 0 s$/);
  });

  it('shows the evidence against the threshold', () => {
    const state = view('a', { state: 'open' });
    const evidence = {
      ...EMPTY,
      calls: 50,
      failures: 31,
      failure_rate: 0.62,
      settings: state.settings,
      errors: [],
    };
    const last_transition = {
      at: AT,
      component: 'a',
      cause: 'failure_rate',
      from: 'closed' as const,
      to: 'open' as const,
      by: null,
      reason: null,
      generation: 2,
      evidence,
    };
    const { cause } = whyOf({ ...state, last_transition }, AT_MS);
    expect(cause).toBe('62.0 % of 50 calls failed, threshold 50 %');
  });
});

describe('figures', () => {
  it.each([
    [null, '–'],
    [0.31, '0.3 ms'],
    [412, '412 ms'],
    [1_900, '1.9 s'],
    [30_000, '30 s'],
  ])('%s ms is %s', (ms, text) => expect(formatMs(ms)).toBe(text));

  it.each([
    [null, '–'],
    [0, '0.0 %'],
    [0.621, '62.1 %'],
    [1, '100.0 %'],
  ])('a rate of %s is %s', (rate, text) => expect(formatRate(rate)).toBe(text));

  it.each([
    [0, '0.0'],
    [38.44, '38.4'],
    [212.4, '212'],
  ])('%s per second is %s', (rate, text) => expect(formatPerSecond(rate)).toBe(text));

  it.each([
    [-5, '0 s'],
    [9_400, '9 s'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s ms lasts %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('the snippets', () => {
  it.each(CLIENTS)('%s names address and model, and streams when asked', (client) => {
    const plain = snippetOf(client, 'http://127.0.0.1:8003', 'lab-chat', false);
    const streamed = snippetOf(client, 'http://127.0.0.1:8003', 'lab-chat', true);
    for (const text of [plain, streamed]) {
      expect(text).toContain('http://127.0.0.1:8003');
      expect(text).toContain('lab-chat');
    }
    expect(plain).not.toMatch(/stream/i);
    expect(streamed).toMatch(/stream"?: true/);
  });
});
