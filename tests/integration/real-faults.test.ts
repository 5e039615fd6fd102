/** Faults in front of an upstream that is no lab, met by the real client, on real sockets. */
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '#lib/contracts/config.ts';
import { faultRequestSchema } from '#lib/contracts/faults.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript, openaiScript } from '../support/scripts.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: OpenAI;

const config = () => ({
  upstreams: [
    {
      name: 'up',
      kind: 'openai',
      url: `${upstream.url}/v1`,
      timeout: { first_byte_ms: 100 },
      breaker: { minimum_calls: 100 },
    },
  ],
  lab: { allow_faults: true },
});

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(openaiScript);
  gateway = await startGateway(config());
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 });
});

afterEach(() => {
  for (const { id } of gateway.runtime.faults.list()) gateway.runtime.faults.remove(id, 'tester');
  gateway.runtime.breakers.require('up.chat').reset({ by: 'tester' });
  upstream.seen.length = 0;
});

afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

function inject(given: object) {
  return gateway.runtime.faults.inject(
    faultRequestSchema.parse({ upstream: 'up', duration_s: 60, ...given }),
    'tester',
  );
}

const BODY = { model: 'm', messages: [{ role: 'user' as const, content: 'say it' }] };
const ask = () => client.chat.completions.create(BODY);
const listening = () => ({ listen: gateway.runtime.config().listen });
const failures = () =>
  gateway.runtime.telemetry.requests
    .query({ limit: 1 })
    .requests[0]?.spans.filter(({ stage }) => stage === 'upstream');
const struck = () => gateway.runtime.faults.list()[0]?.struck;

describe('a fault in front of a real upstream', () => {
  it('of the kind error answers without touching the upstream, and fails the breaker', async () => {
    inject({ kind: 'error', status: 503 });
    await expect(ask()).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('fault injected'),
    });
    expect(upstream.seen).toEqual([]);
    expect(struck()).toBe(1);
    expect(gateway.runtime.breakers.require('up.chat').snapshot().window.failures).toBe(1);
  });

  it('of the kind rate_limit answers 429 and says when to come back', async () => {
    inject({ kind: 'rate_limit' });
    const answer = await post(`${gateway.url}/v1/chat/completions`, BODY);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('of the kind hang runs into the budget for the first byte', async () => {
    inject({ kind: 'hang' });
    await expect(ask()).rejects.toMatchObject({ status: 504 });
    expect(failures()?.map(({ outcome }) => outcome)).toEqual(['first_byte_timeout']);
    expect(upstream.seen).toEqual([]);
  });

  it('of the kind latency puts the call off', async () => {
    inject({ kind: 'latency', latency_ms: 30 });
    await ask();
    const [span] = failures() ?? [];
    expect(span?.outcome).toBe('ok');
    expect(span?.duration_ms).toBeGreaterThanOrEqual(30);
    expect(upstream.seen).toHaveLength(1);
  });

  it('of the kind cut breaks an answer off after it has begun, streamed or whole', async () => {
    inject({ kind: 'cut' });
    await expect(ask()).rejects.toMatchObject({ status: 502 });
    const stream = async () => {
      for await (const part of await client.chat.completions.create({ ...BODY, stream: true })) void part;
    };
    await expect(stream()).rejects.toThrow();
    expect(gateway.runtime.breakers.require('up.chat').snapshot().window.failures).toBe(2);
  });

  it('lets a client leave while its call is put off, without a call to the upstream', async () => {
    inject({ kind: 'latency', latency_ms: 60_000 });
    const left = new AbortController();
    const asked = post(`${gateway.url}/v1/chat/completions`, BODY, {}, left.signal);
    await expect.poll(struck).toBe(1);
    left.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => gateway.runtime.upstreams()[0]?.in_flight).toBe(0);
    expect(upstream.seen).toEqual([]);
  });

  it('strikes no question about models', async () => {
    inject({ kind: 'error' });
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
  });

  it('ends when the configuration forbids it, and calls go through again', async () => {
    inject({ kind: 'error' });
    await gateway.runtime.reload(
      configSchema.parse({ ...config(), ...listening(), lab: { allow_faults: false } }),
    );
    expect(gateway.runtime.faults.list()).toEqual([]);
    expect((await ask()).choices).toHaveLength(1);
    expect(() => inject({ kind: 'error' })).toThrow(/allow_faults/);
    await gateway.runtime.reload(configSchema.parse({ ...config(), ...listening() }));
  });

  it('ends with its upstream, and does not come back with it', async () => {
    inject({ kind: 'error' });
    const other = { ...config().upstreams[0], name: 'other' };
    await gateway.runtime.reload(configSchema.parse({ ...config(), ...listening(), upstreams: [other] }));
    expect(gateway.runtime.faults.list()).toEqual([]);
    await gateway.runtime.reload(configSchema.parse({ ...config(), ...listening() }));
    expect((await ask()).choices).toHaveLength(1);
  });
});

describe('a fault in front of a real Ollama', () => {
  it("speaks Ollama's protocol, and is passed on in the client's", async () => {
    const server = await ScriptedUpstream.start(ollamaScript);
    const own = await startGateway({
      upstreams: [{ name: 'up', kind: 'ollama', url: server.url }],
      lab: { allow_faults: true },
    });
    try {
      const given = { upstream: 'up', kind: 'error', status: 503, duration_s: 60 };
      own.runtime.faults.inject(faultRequestSchema.parse(given), 'tester');
      const said = { status: 503, message: expect.stringContaining('fault injected by Switchgear: error') };
      const ollama = new Ollama({ host: own.url });
      await expect(ollama.chat(BODY)).rejects.toMatchObject({
        status_code: 503,
        error: 'fault injected by Switchgear: error',
      });
      const openai = new OpenAI({ baseURL: `${own.url}/v1`, apiKey: 'unused', maxRetries: 0 });
      await expect(openai.chat.completions.create(BODY)).rejects.toMatchObject(said);
      expect(server.seen).toEqual([]);
    } finally {
      await own.close();
      await server.close();
    }
  });
});
