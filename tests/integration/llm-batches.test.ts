/** Completions of many callers in one call, and chats released by model where models push each other out. */
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const promptsOf = (body: Record<string, unknown> | undefined) => [body?.prompt].flat() as string[];
const completion = (prompts: readonly string[]) => ({
  id: 'cmpl-x',
  object: 'text_completion',
  created: 1,
  model: 'm',
  choices: prompts
    .map((prompt, index) => ({ index, text: `says ${prompt}`, finish_reason: 'stop', logprobs: null }))
    .toReversed(),
  usage: {
    prompt_tokens: prompts.length * 7 + 1,
    completion_tokens: prompts.length * 5 + 2,
    total_tokens: prompts.length * 12 + 3,
  },
});
const answering: Script = ({ json: body }, res) => json(res, completion(promptsOf(body)));

async function start(script: Script = answering, batching: object = {}) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const u = await ScriptedUpstream.start(async (request, res, req) => {
    if (promptsOf(request.json).includes('plug')) await released;
    await script(request, res, req);
  });
  open.push(u);
  const g = await startGateway({
    upstreams: [
      {
        name: 'a',
        kind: 'openai',
        url: `${u.url}/v1`,
        batching: { llm: { max_wait_ms: 5_000, ...batching } },
      },
    ],
    cache: { shadow_check_percent: 0 },
  });
  open.push(g);
  return { u, g, release };
}

async function complete(g: TestGateway, prompt: unknown, more: object = {}) {
  const answer = await post(`${g.url}/v1/completions`, { model: 'm', prompt, ...more });
  const text = await answer.text();
  const body = answer.status === 200 && text.startsWith('{') ? JSON.parse(text) : null;
  return {
    status: answer.status,
    cache: answer.headers.get('x-cache'),
    size: answer.headers.get('x-switchgear-batch-size'),
    body,
    text,
  };
}
const pending = (g: TestGateway) => g.runtime.answers.prompts.batchers.list()[0]?.batcher.stats().pending;
const sent = (u: ScriptedUpstream) => u.seen.map(({ json: body }) => body?.prompt);

async function gathered<T>(
  { u, g, release }: Awaited<ReturnType<typeof start>>,
  callers: (() => Promise<T>)[],
  waiting = callers.length,
) {
  const plug = complete(g, 'plug');
  await until(() => u.seen.length === 1);
  const all = Promise.all(callers.map((call) => call()));
  await until(() => pending(g) === waiting);
  release();
  await plug;
  return all;
}

describe('completions', () => {
  it('of several callers go out as one list of prompts, and each gets its own choice and counts', async () => {
    const s = await start();
    const got = await gathered(
      s,
      ['one', 'three'].map((prompt) => () => complete(s.g, prompt)),
    );
    expect(sent(s.u)).toEqual(['plug', ['one', 'three']]);
    expect(got.map(({ body }) => body.choices)).toEqual(
      ['one', 'three'].map((prompt) => [
        { index: 0, text: `says ${prompt}`, finish_reason: 'stop', logprobs: null },
      ]),
    );
    expect(got.map(({ size }) => size)).toEqual(['2', '2']);
    expect(got.reduce((sum, { body }) => sum + body.usage.prompt_tokens, 0)).toBe(15);
    expect(got.reduce((sum, { body }) => sum + body.usage.completion_tokens, 0)).toBe(12);
    expect(new Set(got.map(({ body }) => body.id)).size).toBe(2);
    expect(s.g.runtime.breakers.require('a.completions').snapshot().window.calls).toBe(2);
  });

  it('that are deterministic are cached each for itself, and joined by who asks the same', async () => {
    const s = await start();
    const cold = { temperature: 0 };
    const got = await gathered(
      s,
      [() => complete(s.g, 'a', cold), () => complete(s.g, 'b', cold), () => complete(s.g, 'a', cold)],
      2,
    );
    expect(got.map(({ cache }) => cache)).toEqual(['miss', 'miss', 'coalesced']);
    expect(got[2]?.body.choices).toEqual(got[0]?.body.choices);
    const again = await complete(s.g, 'b', cold);
    expect([again.cache, again.body.choices]).toEqual(['hit', got[1]?.body.choices]);
    expect(s.u.seen).toHaveLength(2);
  });

  it('with other parameters, streams and lists of their own go alone', async () => {
    const s = await start();
    await gathered(
      s,
      [
        () => complete(s.g, 'a'),
        () => complete(s.g, 'b', { max_tokens: 5 }),
        () => complete(s.g, 'c', { n: 2 }),
        () => complete(s.g, ['d', 'e']),
      ],
      2,
    );
    const calls = sent(s.u).map((each) => JSON.stringify(each));
    expect(calls.sort()).toEqual(['"a"', '"b"', '"c"', '"plug"', '["d","e"]']);
  });

  it('too few choices fail the batch; one bad prompt fails alone', async () => {
    const short = await start(({ json: body }, res) => {
      const whole = completion(promptsOf(body));
      json(res, { ...whole, choices: promptsOf(body).length > 1 ? whole.choices.slice(1) : whole.choices });
    });
    const failed = await gathered(
      short,
      ['a', 'b'].map((prompt) => () => complete(short.g, prompt)),
    );
    expect(failed.map(({ status }) => status)).toEqual([502, 502]);
    expect(failed[0]?.text).toContain('1 choices for 2 prompts');
    const picky = await start(({ json: body }, res) =>
      promptsOf(body).includes('bad')
        ? json(res, { error: { message: 'no' } }, 400)
        : json(res, completion(promptsOf(body))),
    );
    const got = await gathered(
      picky,
      ['a', 'bad', 'c'].map((prompt) => () => complete(picky.g, prompt)),
    );
    expect(got.map(({ status }) => status)).toEqual([200, 400, 200]);
  });

  it('alone are what the upstream said, to the letter', async () => {
    const s = await start();
    const { body, size } = await complete(s.g, 'alone');
    expect(body).toEqual({ ...completion(['alone']), id: body.id });
    expect(size).toBeNull();
  });
});

describe('chats at an upstream that holds one model', () => {
  it('run grouped by model once it is seen to swap, and not before', async () => {
    let loaded = '';
    let swaps = 0;
    const order: string[] = [];
    const waiting: (() => void)[] = [];
    const u = await ScriptedUpstream.start(async ({ json: body }, res) => {
      const model = String(body?.model);
      const load = model === loaded ? 0 : 500_000_000;
      if (load > 0) swaps += 1;
      loaded = model;
      order.push(model);
      if (order.length > 4) await new Promise<void>((resolve) => waiting.push(resolve));
      json(res, {
        model,
        message: { role: 'assistant', content: 'x' },
        done: true,
        load_duration: load,
        eval_count: 1,
      });
    });
    open.push(u);
    const g = await startGateway({
      upstreams: [{ name: 'o', kind: 'ollama', url: u.url, batching: { llm: { max_wait_ms: 10_000 } } }],
    });
    open.push(g);
    const chat = (model: string) =>
      post(`${g.url}/api/chat`, { model, stream: false, messages: [{ role: 'user', content: 'hi' }] }).then(
        (answer) => answer.json(),
      );
    for (const model of ['x', 'y', 'x', 'y']) await chat(model);
    expect(swaps).toBe(4);
    const all = Promise.all(['x', 'y', 'x', 'y', 'x', 'y'].map(chat));
    await until(() => g.runtime.gateway.running === 6);
    for (let done = 0; done < 6; ) {
      await until(() => waiting.length > 0);
      done += waiting.length;
      for (const go of waiting.splice(0)) go();
    }
    await all;
    const models = order.slice(4);
    expect(models.filter((model, at) => at === 0 || model !== models[at - 1])).toHaveLength(2);
    const { requests } = g.runtime.telemetry.requests.query({ limit: 6 });
    expect(
      requests.flatMap(({ spans }) => spans).filter(({ stage }) => stage === 'batch').length,
    ).toBeGreaterThan(0);
  });
});
