/** Answers that are too large to be read on the event loop, over real sockets and a real thread. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';

const ITEMS = 300;
const DIMENSIONS = 1_024;
const vector = (seed: number) =>
  Array.from({ length: DIMENSIONS }, (_, at) => Math.fround(Math.sin(seed + at)));
const EMBEDDINGS = JSON.stringify({
  object: 'list',
  data: Array.from({ length: ITEMS }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: vector(index),
  })),
  model: 'm',
  extra: { of: 'its own' },
  usage: { prompt_tokens: 3 * ITEMS, total_tokens: 3 * ITEMS },
});
const CONTENT = 'A long answer, "quoted". '.repeat(200_000);
const CHAT = JSON.stringify({
  id: 'up',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: CONTENT }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
});

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let answer = '';
beforeAll(async () => {
  upstream = await ScriptedUpstream.start((_request, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(answer);
  });
  gateway = await startGateway({
    upstreams: [
      { name: 'a', kind: 'openai', url: `${upstream.url}/v1`, batching: { embedding: { max_wait_ms: 0 } } },
    ],
    cache: { shadow_check_percent: 0 },
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const inputs = (name: string) => Array.from({ length: ITEMS }, (_, at) => `${name} ${at}`);
const ask = async (path: string, body: object) => {
  const got = await post(`${gateway.url}${path}`, body);
  return { status: got.status, cache: got.headers.get('x-cache'), text: await got.text() };
};
const failures = () => gateway.runtime.breakers.require('a.chat').snapshot().window.failures;

describe('embeddings of a long list', () => {
  it('come as the upstream wrote them, and then from the cache with the same numbers', async () => {
    answer = EMBEDDINGS;
    const body = { model: 'm', input: inputs('openai') };
    const first = await ask('/v1/embeddings', body);
    expect([first.status, first.cache, first.text === EMBEDDINGS]).toEqual([200, 'miss', true]);
    const calls = upstream.seen.length;
    const again = await ask('/v1/embeddings', { ...body, user: 'another' });
    expect([again.status, again.cache, upstream.seen.length]).toEqual([200, 'hit', calls]);
    const { data, usage } = JSON.parse(again.text);
    expect(data[ITEMS - 1]).toEqual({ object: 'embedding', index: ITEMS - 1, embedding: vector(ITEMS - 1) });
    expect(usage).toEqual({ prompt_tokens: 3 * ITEMS, total_tokens: 3 * ITEMS });
    expect(gateway.runtime.cache.countsOf('a_embeddings').total()).toMatchObject({
      miss: ITEMS,
      hit_memory: ITEMS,
    });
  });

  it('come in the form of the other surface', async () => {
    answer = EMBEDDINGS;
    const { status, text } = await ask('/api/embed', { model: 'm', input: inputs('ollama') });
    const body = JSON.parse(text);
    expect([status, body.embeddings.length, body.prompt_eval_count]).toEqual([200, ITEMS, 3 * ITEMS]);
    expect(body.embeddings[7]).toEqual(vector(7));
  });

  it('are the upstream’s failure when one is missing', async () => {
    answer = EMBEDDINGS;
    const { status, text } = await ask('/v1/embeddings', {
      model: 'm',
      input: [...inputs('short'), 'one more'],
    });
    expect([status, text]).toEqual([502, expect.stringContaining('embeddings for 301 inputs')]);
  });
});

describe('a large chat', () => {
  const messages = [{ role: 'user', content: 'x' }];

  it('is translated, streamed or not', async () => {
    answer = CHAT;
    const whole = await ask('/api/chat', { model: 'm', messages, stream: false });
    expect([whole.status, JSON.parse(whole.text).message.content === CONTENT]).toEqual([200, true]);
    expect(JSON.parse(whole.text)).toMatchObject({ done: true, prompt_eval_count: 5, eval_count: 7 });
  });

  it('passes to its own surface', async () => {
    answer = CHAT;
    const passed = await ask('/v1/chat/completions', { model: 'm', messages });
    const { id, ...rest } = JSON.parse(passed.text);
    const { id: _, ...expected } = JSON.parse(CHAT);
    expect(rest).toEqual(expected);
    expect(id).toMatch(/^chatcmpl-/);
  });

  it('is refused, and counted as a failure, when it is no answer', async () => {
    const before = failures();
    answer = `[${'"x",'.repeat(1_000_000)}"x"]`;
    expect((await ask('/api/chat', { model: 'm', messages, stream: false })).status).toBe(502);
    answer = JSON.stringify({ error: { message: 'out of memory' }, pad: CONTENT });
    const told = await ask('/api/chat', { model: 'm', messages, stream: false });
    expect([told.status, told.text]).toEqual([502, expect.stringContaining('out of memory')]);
    expect(failures()).toBe(before + 2);
  });
});

describe('a single completion', () => {
  it('is no worse for being large, and no fault of the upstream', async () => {
    const text = 'word '.repeat(600_000);
    answer = JSON.stringify({
      id: 'up',
      object: 'text_completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, text, finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
    const got = await ask('/v1/completions', { model: 'm', prompt: 'x', temperature: 1 });
    expect([got.status, JSON.parse(got.text).choices[0].text === text]).toEqual([200, true]);
    const { window } = gateway.runtime.breakers.require('a.completions').snapshot();
    expect(window).toMatchObject({ calls: 1, failures: 0 });
  });
});
