/** What is answered from what is kept, to whom, and how many calls that leaves for the upstream. */
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

let clockMs = Date.now();
const advance = (seconds: number) => {
  clockMs += seconds * 1_000;
};

async function upstream(script: Script): Promise<ScriptedUpstream> {
  const started = await ScriptedUpstream.start(script);
  open.push(started);
  return started;
}

async function gateway(
  upstreams: { url: string; [key: string]: unknown }[],
  rest: Record<string, unknown> = {},
): Promise<TestGateway> {
  const cache = { shadow_check_percent: 0, ...(rest.cache as object) };
  const started = await startGateway(
    {
      upstreams: upstreams.map((each, at) => ({
        name: 'abc'[at],
        kind: 'openai',
        connections: 2_000,
        ...each,
      })),
      ...rest,
      cache,
    },
    { now: () => clockMs },
  );
  open.push(started);
  return started;
}

let answers = 0;
/** Says something else each time, so that a repeat is told from a second call. */
const counting: Script = ({ json: body }, res) => {
  answers += 1;
  const said = `answer ${answers}`;
  if (body?.stream === true) return stream(res, said);
  json(res, completion(said));
};
const completion = (content: string) => ({
  id: `up-${content}`,
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});
const event = (choices: unknown[], more: object = {}) =>
  `data: ${JSON.stringify({ id: 'up', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`;
const delta = (content: string) => event([{ index: 0, delta: { content }, finish_reason: null }]);
const STOP = event([{ index: 0, delta: {}, finish_reason: 'stop' }]);
const END = `${STOP}data: [DONE]\n\n`;
function stream(res: Parameters<Script>[1], said: string) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.end(`${[...said].map(delta).join('')}${END}`);
}

const CHAT = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'hi' }] };
const OLLAMA = { model: 'm', options: { temperature: 0 }, messages: CHAT.messages, stream: false };

async function ask(
  g: TestGateway,
  body: unknown = CHAT,
  headers: Record<string, string> = {},
  path = '/v1/chat/completions',
) {
  const answer = await post(`${g.url}${path}`, body, headers);
  const text = await answer.text();
  return {
    status: answer.status,
    cache: answer.headers.get('x-cache'),
    age: answer.headers.get('age'),
    text,
    headers: answer.headers,
  };
}
const saidBy = (text: string) => JSON.parse(text).choices[0].message.content as string;

describe('a deterministic chat', () => {
  it('is asked of the upstream once, and told its age', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const first = await ask(g);
    advance(7);
    const again = await ask(g);
    const byteAgain = await ask(g);
    expect([first.cache, again.cache, byteAgain.cache]).toEqual(['miss', 'hit', 'hit']);
    expect([first.age, again.age, byteAgain.age]).toEqual([null, '7', '7']);
    expect(again.text).toBe(first.text);
    expect(byteAgain.text).toBe(first.text);
    expect(again.headers.get('x-switchgear-upstream')).toBe('a');
    expect(u.seen).toHaveLength(1);
    const counts = g.runtime.cache.countsOf('a_responses').total();
    expect(counts).toMatchObject({
      hit_memory: 2,
      miss: 1,
      saved_calls: 2,
      saved_tokens_in: 6,
      saved_tokens_out: 4,
    });
  });

  it('is the same question in another order, on another surface, streamed or not', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const said = saidBy((await ask(g)).text);
    const { temperature, model } = CHAT;
    const others = [
      await ask(g, {
        messages: [{ content: [{ type: 'text', text: 'hi' }], role: 'user' }],
        model,
        temperature,
        n: 1,
        user: 'x',
      }),
      await ask(g, OLLAMA, {}, '/api/chat'),
    ];
    expect(others.map(({ cache }) => cache)).toEqual(['hit', 'hit']);
    expect(JSON.parse(others[1]?.text ?? '')).toMatchObject({ message: { content: said }, done: true });
    const streamed = await ask(g, { ...CHAT, stream: true });
    expect(streamed.cache).toBe('hit');
    expect(streamed.text).toContain(JSON.stringify(said));
    expect(streamed.text.endsWith('data: [DONE]\n\n')).toBe(true);
    const lines = (await ask(g, { ...OLLAMA, stream: true }, {}, '/api/chat')).text.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).message.content).join('')).toBe(said);
    expect(u.seen).toHaveLength(1);
  });

  it.each([
    ['a temperature', { temperature: 0.7 }],
    ['another message', { messages: [{ role: 'user', content: 'hi!' }] }],
    ['a limit', { max_tokens: 5 }],
    ['a tool', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['a field that nobody knows', { guided_regex: 'a+' }],
    ['another seed', { seed: 2 }],
  ])('is another question with %s', async (_, more) => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    await ask(g);
    expect((await ask(g, { ...CHAT, ...more })).cache).not.toBe('hit');
    expect(u.seen).toHaveLength(2);
  });

  it('goes out anew once it is too old', async () => {
    const u = await upstream(counting);
    const g = await gateway([
      { url: `${u.url}/v1`, cache: { ttl_s: 60, models: { 'short*': { ttl_s: 5 } } } },
    ]);
    const short = { ...CHAT, model: 'short-1' };
    for (const body of [CHAT, short]) await ask(g, body);
    advance(10);
    expect([(await ask(g)).cache, (await ask(g, short)).cache]).toEqual(['hit', 'miss']);
    advance(60);
    expect([(await ask(g)).cache, u.seen.length]).toEqual(['miss', 4]);
  });
});

describe('who is given an answer', () => {
  it('is its own caller alone', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const a = { authorization: 'Bearer a' };
    const first = await ask(g, CHAT, a);
    for (const other of [{ authorization: 'Bearer b' }, {}, { ...a, 'openai-organization': 'o' }]) {
      const answer = await ask(g, CHAT, other as Record<string, string>);
      expect(answer.cache).toBe('miss');
      expect(answer.text).not.toBe(first.text);
    }
    expect((await ask(g, CHAT, a)).text).toBe(first.text);
  });

  it('is not shared in flight either', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const keys = Array.from({ length: 20 }, (_, at) => `Bearer ${at}`);
    const all = await Promise.all(keys.map((authorization) => ask(g, CHAT, { authorization })));
    expect(new Set(all.map(({ text }) => text)).size).toBe(20);
  });

  it('is every caller when the operator shares the scope', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }], { cache: { scope: 'shared', vary: ['x-tenant'] } });
    const get = async (headers: Record<string, string>) => (await ask(g, CHAT, headers)).cache;
    expect(await get({ authorization: 'Bearer a' })).toBe('miss');
    expect(await get({ authorization: 'Bearer b' })).toBe('hit');
    expect(await get({ authorization: 'Bearer b', 'x-tenant': 't' })).toBe('miss');
  });
});

describe('what the client wishes', () => {
  it('no-store: neither read nor kept', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const noStore = { 'cache-control': 'no-store' };
    expect((await ask(g, CHAT, noStore)).cache).toBe('bypass');
    await ask(g);
    expect((await ask(g, CHAT, noStore)).cache).toBe('bypass');
    expect(u.seen).toHaveLength(3);
    expect(g.runtime.cache.countsOf('a_responses').total()).toMatchObject({ bypass: 2, miss: 1 });
  });

  it('no-cache: not read, but kept', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    await ask(g);
    const anew = await ask(g, CHAT, { 'cache-control': 'no-cache' });
    const then = await ask(g);
    expect([anew.cache, then.cache, then.text]).toEqual(['miss', 'hit', anew.text]);
  });

  it('max-age: no older, and enough to cache what is not deterministic', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const warm = { ...CHAT, temperature: 1 };
    const upTo = async (seconds: number) =>
      (await ask(g, warm, { 'cache-control': `max-age=${seconds}` })).cache;
    expect([(await ask(g, warm)).cache, (await ask(g, warm)).cache]).toEqual(['bypass', 'bypass']);
    expect([await upTo(60), await upTo(60)]).toEqual(['miss', 'hit']);
    advance(30);
    expect([await upTo(60), await upTo(20), await upTo(20)]).toEqual(['hit', 'miss', 'hit']);
  });

  it('rules: all, off, and by model', async () => {
    const u = await upstream(counting);
    const g = await gateway([
      { url: `${u.url}/v1`, cache: { responses: 'all', models: { 'live-*': { responses: 'off' } } } },
    ]);
    const warm = { ...CHAT, temperature: 1 };
    expect([(await ask(g, warm)).cache, (await ask(g, warm)).cache]).toEqual(['miss', 'hit']);
    const live = { ...CHAT, model: 'live-1' };
    expect([(await ask(g, live)).cache, (await ask(g, live)).cache]).toEqual(['bypass', 'bypass']);
  });

  it('errors are never kept', async () => {
    let fails = true;
    const u = await upstream((request, res, req) =>
      fails ? json(res, { error: { message: 'no' } }, 400) : counting(request, res, req),
    );
    const g = await gateway([{ url: `${u.url}/v1` }]);
    expect((await ask(g)).status).toBe(400);
    fails = false;
    expect((await ask(g)).cache).toBe('miss');
  });
});

describe('a stampede of 1,000', () => {
  const all = (g: TestGateway, body: unknown = CHAT) =>
    Promise.all(Array.from({ length: 1_000 }, () => ask(g, body)));

  it('makes one call when it succeeds', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const u = await upstream(async (request, res, req) => {
      await held;
      await counting(request, res, req);
    });
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const waiting = all(g);
    await until(() => g.runtime.gateway.running === 1_000);
    release();
    const got = await waiting;
    expect(u.seen).toHaveLength(1);
    expect(new Set(got.map(({ text }) => text)).size).toBe(1);
    expect(got.filter(({ cache }) => cache === 'coalesced')).toHaveLength(999);
    expect(g.runtime.cache.countsOf('a_responses').total()).toMatchObject({ miss: 1, coalesced: 999 });
  });

  it('makes one call when it fails, and all are told that failure', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const u = await upstream(async (_request, res) => {
      await held;
      json(res, { error: { message: 'broken inside' } }, 500);
    });
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const waiting = all(g);
    await until(() => g.runtime.gateway.running === 1_000);
    release();
    const got = await waiting;
    expect(u.seen).toHaveLength(1);
    expect(new Set(got.map(({ status }) => status))).toEqual(new Set([500]));
    expect(got.every(({ text }) => text.includes('broken inside'))).toBe(true);
    expect(g.runtime.breakers.require('a.chat').snapshot().window).toMatchObject({ calls: 1, failures: 1 });
  });

  it('is cancelled upstream only when the last one leaves', async () => {
    const u = await upstream(() => {});
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const clients = Array.from({ length: 1_000 }, () => new AbortController());
    const waiting = clients.map(({ signal }) =>
      post(`${g.url}/v1/chat/completions`, CHAT, {}, signal).catch(() => 'left'),
    );
    await until(() => g.runtime.gateway.running === 1_000);
    for (const client of clients.slice(1)) client.abort();
    await until(() => g.runtime.gateway.running === 1);
    expect([u.seen.length, u.cancelled]).toEqual([1, 0]);
    clients[0]?.abort();
    await u.whenCancelled();
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 1_000 }, () => 'left'));
    await until(() => g.runtime.gateway.running === 0);
    expect(g.runtime.answers.inFlight).toBe(0);
    expect(g.runtime.breakers.require('a.chat').snapshot().window).toMatchObject({ calls: 0, failures: 0 });
  });
});

describe('streams', () => {
  const STREAM = { ...CHAT, stream: true };

  it('a late joiner gets it from its first byte, and its end with the others', async () => {
    let more = (_text: string) => {};
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      more = (text) => res.write(text);
      res.write(delta('one '));
    });
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const first = await post(`${g.url}/v1/chat/completions`, STREAM);
    const reader = first.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toContain('one ');
    const late = await post(`${g.url}/v1/chat/completions`, STREAM);
    const whole = ask(g);
    await until(() => g.runtime.gateway.running === 3);
    more(delta('two') + END);
    let rest = Buffer.from(value ?? []).toString();
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      rest += Buffer.from(part.value).toString();
    expect(await late.text()).toBe(rest);
    expect([first.headers.get('x-cache'), late.headers.get('x-cache')]).toEqual(['miss', 'coalesced']);
    const { text, cache } = await whole;
    expect([saidBy(text), cache, u.seen.length]).toEqual(['one two', 'coalesced', 1]);
  });

  it('that are cut are told and never kept', async () => {
    let cuts = true;
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      if (!cuts) return void res.end(delta('all') + END);
      res.write(delta('half'), () => res.destroy());
    });
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const first = await ask(g, STREAM);
    expect(first.text).toContain('error');
    cuts = false;
    const second = await ask(g, STREAM);
    expect([second.cache, second.text.includes('"all"'), u.seen.length]).toEqual(['miss', true, 2]);
  });

  it('are asked for their counts on behalf of all, but not of an upstream that refuses', async () => {
    const u = await upstream(({ json: body }, res) =>
      body?.stream_options === undefined
        ? stream(res, 'x')
        : json(res, { error: { message: 'stream_options: extra fields are not permitted' } }, 422),
    );
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const got = await Promise.all([ask(g, STREAM), ask(g, STREAM)]);
    expect(got.map(({ status }) => status)).toEqual([200, 200]);
    expect((await ask(g, { ...STREAM, seed: 1 })).cache).toBe('miss');
    expect(u.seen.map(({ json: body }) => body?.stream_options)).toEqual([
      { include_usage: true },
      undefined,
      undefined,
    ]);
    const refused = await ask(g, { ...STREAM, seed: 2, stream_options: { include_usage: true } });
    expect(refused.status).toBe(422);
  });

  it('tell counts only to those who ask for them', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      res.end(`${delta('x')}${STOP}${event([], { usage })}data: [DONE]\n\n`);
    });
    const g = await gateway([{ url: `${u.url}/v1` }]);
    const plain = await ask(g, STREAM);
    const counted = await ask(g, { ...STREAM, stream_options: { include_usage: true } });
    expect([counted.text.includes('"usage":{'), counted.cache, plain.text.includes('"usage":{')]).toEqual([
      true,
      'hit',
      false,
    ]);
  });
});

describe('an answer that is late', () => {
  const SHORT = { cache: { ttl_s: 60, stale_if_error_s: 600, shadow_check_percent: 0 } };
  let fails = false;
  const flaky: Script = (request, res, req) =>
    fails ? json(res, { error: { message: 'down' } }, 500) : counting(request, res, req);

  it('stands in for a failing upstream and for an open breaker, labelled and with its age', async () => {
    fails = false;
    const u = await upstream(flaky);
    const g = await gateway([{ url: `${u.url}/v1` }], SHORT);
    const first = await ask(g);
    advance(90);
    fails = true;
    const failing = await ask(g);
    expect([failing.status, failing.cache, failing.age, failing.text]).toEqual([
      200,
      'stale',
      '90',
      first.text,
    ]);
    const calls = u.seen.length;
    g.runtime.breakers.require('a.chat').trip({ by: 'ann' });
    const refused = await ask(g);
    expect([refused.cache, refused.text, u.seen.length]).toEqual(['stale', first.text, calls]);
    expect((await ask(g, CHAT, { 'cache-control': 'no-cache' })).status).toBe(503);
    advance(600);
    expect((await ask(g)).status).toBe(503);
    expect(g.runtime.cache.countsOf('a_responses').total()).toMatchObject({ stale: 2, miss: 1 });
  });

  it('prefers another upstream that answers', async () => {
    fails = false;
    const [u, v] = [await upstream(flaky), await upstream(counting)];
    const g = await gateway([{ url: `${u.url}/v1` }, { url: `${v.url}/v1` }], SHORT);
    await ask(g);
    advance(90);
    fails = true;
    const answer = await ask(g);
    expect([answer.cache, answer.headers.get('x-switchgear-upstream')]).toEqual(['miss', 'b']);
  });

  it('is made anew when the breaker recovers, the most asked first', async () => {
    fails = false;
    const u = await upstream(flaky);
    const g = await gateway([{ url: `${u.url}/v1` }], SHORT);
    const question = (content: string) => ({ ...CHAT, messages: [{ role: 'user', content }] });
    for (const content of ['seldom', 'often']) await ask(g, question(content));
    advance(90);
    g.runtime.breakers.require('a.chat').trip({ by: 'ann' });
    for (const content of ['seldom', 'often', 'often', 'often']) await ask(g, question(content));
    const before = u.seen.length;
    g.runtime.breakers.require('a.chat').reset({ by: 'ann' });
    await until(() => g.runtime.cache.countsOf('a_responses').total().refreshes === 2);
    const asked = u.seen.slice(before).map(({ json: body }) => JSON.stringify(body?.messages));
    expect(asked[0]).toContain('often');
    expect(asked).toHaveLength(2);
    expect((await ask(g, question('often'))).cache).toBe('hit');
  });
});

describe('shadow checks', () => {
  it('count hits that the upstream would answer otherwise', async () => {
    const u = await upstream(counting);
    const g = await gateway([{ url: `${u.url}/v1` }], { cache: { shadow_check_percent: 100 } });
    const counts = () => g.runtime.cache.countsOf('a_responses').total();
    await ask(g);
    expect((await ask(g)).cache).toBe('hit');
    await until(() => counts().checks === 1);
    expect(counts().wrong_hits).toBe(1);
    u.script = (_request, res) => json(res, completion(`answer ${answers}`));
    await ask(g);
    await until(() => counts().checks === 2);
    expect(counts().wrong_hits).toBe(1);
  });
});
