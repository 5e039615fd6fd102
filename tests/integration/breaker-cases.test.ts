/** Cases from the suites of other breakers, over HTTP through a running gateway. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';

const BREAKER = { minimum_calls: 4, open_s: 0.2, half_open_calls: 2, window_s: 60 };
const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const ANSWER = { model: 'm', message: { role: 'assistant', content: 'ok' }, done: true, done_reason: 'stop' };

/** What the upstream does with its next calls. */
let mode: 'ok' | 'fail' | 'bad_request' | 'hold' | 'slow';
const held: (() => void)[] = [];
const script: Script = (_request, res) => {
  switch (mode) {
    case 'fail':
      return json(res, { error: 'down' }, 500);
    case 'bad_request':
      return json(res, { error: 'no such thing' }, 400);
    case 'hold':
      held.push(() => json(res, ANSWER));
      return;
    case 'slow':
      setTimeout(() => json(res, ANSWER), 30);
      return;
    default:
      return json(res, ANSWER);
  }
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
afterEach(async () => {
  for (const answer of held.splice(0)) answer();
  await gateway?.close();
  await upstream?.close();
});

async function start(breaker: object = {}, more: object = {}): Promise<void> {
  mode = 'ok';
  upstream = await ScriptedUpstream.start(script);
  gateway = await startGateway({
    upstreams: [
      { name: 'a', kind: 'ollama', url: upstream.url, breaker: { ...BREAKER, ...breaker }, ...more },
    ],
  });
}

const breaker = () => gateway.runtime.breakers.require('a.chat');
const ask = (signal?: AbortSignal) => post(`${gateway.url}/api/chat`, { ...CHAT, stream: false }, {}, signal);
const askMany = (count: number) => Promise.all(Array.from({ length: count }, () => ask()));
const statuses = (answers: readonly Response[]) => answers.map(({ status }) => status);
const until = (what: () => unknown) =>
  vi.waitFor(async () => expect(await what()).toBeTruthy(), { timeout: 5_000, interval: 5 });

async function opened(): Promise<void> {
  mode = 'fail';
  for (let i = 0; i < BREAKER.minimum_calls; i++) await ask();
  expect(breaker().computedState).toBe('open');
}

async function halfOpen(): Promise<void> {
  await opened();
  await until(() => breaker().computedState === 'half_open');
}

describe('half-open', () => {
  it('lets as many of fifty callers through as it has probes, and refuses the others at once', async () => {
    await start();
    await halfOpen();
    const before = upstream.seen.length;
    mode = 'hold';
    const asked = Array.from({ length: 50 }, () => ask());
    const refused = await Promise.race(asked);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(Number(refused.headers.get('retry-after-ms'))).toBeGreaterThan(0);
    await until(() => held.length === 2 && breaker().snapshot().window.rejected === 48);
    for (const answer of held.splice(0)) answer();
    const answers = statuses(await Promise.all(asked));
    expect(answers.filter((status) => status === 200)).toHaveLength(2);
    expect(answers.filter((status) => status === 503)).toHaveLength(48);
    expect(upstream.seen.length - before).toBe(2);
    expect(breaker().state).toBe('closed');
  });

  it('takes a 400 for a sign of life', async () => {
    await start();
    await halfOpen();
    mode = 'bad_request';
    expect(statuses([await ask(), await ask()])).toEqual([400, 400]);
    expect(breaker().state).toBe('closed');
  });

  it('opens again on one failed probe: the minimum of calls does not apply', async () => {
    await start();
    await halfOpen();
    expect((await ask()).status).toBe(500);
    expect(breaker().computedState).toBe('open');
  });

  it('is not wedged by clients that disconnect mid-probe: their places are free again', async () => {
    await start();
    await halfOpen();
    mode = 'hold';
    const [first, second] = [new AbortController(), new AbortController()];
    const gone = Promise.allSettled([ask(first.signal), ask(second.signal)]);
    await until(() => held.length === 2);
    expect((await ask()).status).toBe(503);
    first.abort();
    second.abort();
    await gone;
    await upstream.whenCancelled(2);
    mode = 'ok';
    await until(() => breaker().refusal() === null);
    await ask();
    await ask();
    expect(breaker().state).toBe('closed');
  });

  it('is not wedged by a probe that is abandoned: its time budget ends it', async () => {
    await start({}, { timeout: { first_byte_ms: 100, total_ms: 150 } });
    await halfOpen();
    mode = 'hold';
    expect((await ask()).status).toBe(504);
    expect(breaker().computedState).toBe('open');
    mode = 'ok';
    await until(() => breaker().computedState === 'half_open');
    await ask();
    await ask();
    expect(breaker().state).toBe('closed');
  });

  it('closes under load, and lets callers in by and by', async () => {
    await start();
    await halfOpen();
    mode = 'ok';
    await until(async () => {
      await askMany(20);
      return breaker().computedState === 'closed';
    });
    await until(async () => statuses(await askMany(20)).every((status) => status === 200));
  });
});

describe('closed', () => {
  it('opens on slow answers of 200 alone', async () => {
    await start({ slow_call_ms: 20 });
    mode = 'slow';
    await askMany(4);
    expect(breaker().computedState).toBe('open');
    expect(breaker().snapshot().last_transition?.cause).toBe('slow_rate');
  });

  it('is not changed by results from before the trip', async () => {
    await start({ open_s: 60 });
    mode = 'hold';
    const early = askMany(3);
    await until(() => held.length === 3);
    await opened();
    const { since } = breaker().snapshot();
    for (const answer of held.splice(0)) answer();
    expect(statuses(await early)).toEqual([200, 200, 200]);
    expect(breaker().snapshot()).toMatchObject({ computed_state: 'open', since, window: { calls: 0 } });
  });

  it('does not half-open by hand', async () => {
    await start();
    expect(() => breaker().probeNow({ by: 'ann' })).toThrow(/only an open breaker can be made to probe/);
    await opened();
    breaker().probeNow({ by: 'ann' });
    expect(breaker().computedState).toBe('half_open');
  });

  it('counts a 4xx as nothing, however many there are', async () => {
    await start();
    mode = 'bad_request';
    await askMany(6);
    expect(breaker().snapshot()).toMatchObject({ state: 'closed', window: { calls: 0 } });
  });
});

describe('a hold', () => {
  it('open outlasts open time and traffic', async () => {
    await start();
    breaker().trip({ by: 'ann' });
    const refused = statuses(await askMany(5));
    expect(new Set(refused)).toEqual(new Set([503]));
    expect(breaker().state).toBe('open');
    expect(upstream.seen).toEqual([]);
  });

  it('of metrics only counts and never opens, with one event to begin and one to end', async () => {
    await start();
    breaker().hold({ mode: 'metrics_only', by: 'ann' });
    mode = 'fail';
    await askMany(10);
    expect(breaker().snapshot()).toMatchObject({
      state: 'closed',
      computed_state: 'closed',
      window: { failures: 10 },
    });
    breaker().lift({ by: 'ann' });
    const { events } = gateway.runtime.events.query({ component: 'a.chat', limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(['breaker_hold', 'breaker_lift']);
  });

  it('released while another one lasts leaves it open', async () => {
    await start();
    breaker().trip({ by: 'ann' });
    breaker().trip({ by: 'bob' });
    breaker().lift({ by: 'ann' });
    expect((await ask()).status).toBe(503);
    breaker().lift({ by: 'bob' });
    expect((await ask()).status).toBe(200);
  });
});

describe('two hundred callers', () => {
  it('at half-open reach a real server as often as there are probes, and come back in no stampede', async () => {
    await start({ half_open_calls: 3 });
    await halfOpen();
    const before = upstream.seen.length;
    mode = 'hold';
    const asked = Array.from({ length: 200 }, () => ask());
    await until(() => held.length === 3);
    await until(() => breaker().snapshot().window.rejected === 197);
    for (const answer of held.splice(0)) answer();
    const answers = statuses(await Promise.all(asked));
    expect(answers.filter((status) => status === 200)).toHaveLength(3);
    expect(upstream.seen.length - before).toBe(3);
    expect(breaker().snapshot()).toMatchObject({ state: 'closed', ramp: { in_flight: 0, limit: 3 } });
    const again = Array.from({ length: 200 }, () => ask());
    await until(() => breaker().snapshot().window.rejected === 197);
    expect(held).toHaveLength(3);
    for (const answer of held.splice(0)) answer();
    await Promise.all(again);
    expect(breaker().snapshot().ramp).toMatchObject({ limit: 6 });
  });
});
