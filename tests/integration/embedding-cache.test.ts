/** Embeddings are kept, shared and asked for by input. */
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

/** Exact in 32 bits; another for every text. */
const vectorOf = (input: unknown) => {
  const text = JSON.stringify(input);
  return [text.length, text.charCodeAt(1) / 4, text.charCodeAt(text.length - 2) / 8];
};
const base64 = (vector: number[]) => Buffer.from(Float32Array.from(vector).buffer).toString('base64');
const inputsOf = (body: Record<string, unknown> | undefined): unknown[] =>
  Array.isArray(body?.input) && typeof body.input[0] !== 'number' ? body.input : [body?.input];

const openai: Script = ({ json: body }, res) => {
  const inputs = inputsOf(body);
  if (inputs.includes('bad')) return json(res, { error: { message: 'input is bad', type: 'invalid' } }, 400);
  const data = inputs.map((input, index) => ({
    object: 'embedding',
    index,
    embedding: body?.encoding_format === 'base64' ? base64(vectorOf(input)) : vectorOf(input),
  }));
  const tokens = inputs.length * 5;
  json(res, {
    object: 'list',
    data: data.reverse(),
    model: 'e-001',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
};
const ollama: Script = ({ json: body, path }, res) => {
  if (path === '/api/embeddings') return json(res, { embedding: vectorOf(body?.prompt) });
  json(res, {
    model: 'e',
    embeddings: inputsOf(body).map(vectorOf),
    prompt_eval_count: inputsOf(body).length * 5,
  });
};

async function start(kind: 'openai' | 'ollama', script: Script = kind === 'openai' ? openai : ollama) {
  const u = await ScriptedUpstream.start(script);
  open.push(u);
  const g = await startGateway({
    upstreams: [{ name: 'a', kind, url: kind === 'openai' ? `${u.url}/v1` : u.url }],
    cache: { shadow_check_percent: 0 },
  });
  open.push(g);
  return { u, g };
}

async function embed(
  g: TestGateway,
  input: unknown,
  more: object = {},
  path = '/v1/embeddings',
  headers = {},
) {
  const answer = await post(`${g.url}${path}`, { model: 'e', input, ...more }, headers);
  return { status: answer.status, cache: answer.headers.get('x-cache'), body: await answer.json() };
}
interface OpenaiBody {
  data: { index: number; embedding: number[] | string }[];
  usage: { prompt_tokens: number };
  model: string;
}
const vectorsOf = (body: unknown) => (body as OpenaiBody).data.map(({ embedding }) => embedding);
const sent = (u: ScriptedUpstream) => u.seen.map(({ json: body }) => inputsOf(body));
const sorted = (body: OpenaiBody) =>
  body.data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);

describe('a list of inputs', () => {
  const TEXTS = ['alpha', 'beta', 'gamma', 'delta'];
  const splits = Array.from({ length: 2 ** TEXTS.length }, (_, bits) =>
    TEXTS.filter((_text, at) => (bits >> at) & 1),
  );

  it.each(splits.map((known) => [known]))('asks only for what is not known: %j', async (known) => {
    const { u, g } = await start('openai');
    if (known.length > 0) await embed(g, known);
    u.seen.length = 0;
    const { body, cache } = await embed(g, TEXTS);
    const rest = TEXTS.filter((text) => !known.includes(text));
    expect(sorted(body as OpenaiBody)).toEqual(TEXTS.map(vectorOf));
    expect(sent(u)).toEqual(rest.length === 0 ? [] : [rest]);
    expect(cache).toBe(rest.length === 0 ? 'hit' : 'miss');
    expect((body as OpenaiBody).usage.prompt_tokens).toBe(20);
    expect((body as OpenaiBody).model).toBe('e-001');
    const { hit_memory, miss } = g.runtime.cache.countsOf('a_embeddings').total();
    expect([hit_memory, miss]).toEqual([known.length, known.length + rest.length]);
  });

  it('asks for equal inputs once, and gives each its place', async () => {
    const { u, g } = await start('openai');
    const { body } = await embed(g, ['x', 'yy', 'x', 'x']);
    expect(sent(u)).toEqual([['x', 'yy']]);
    expect(vectorsOf(body)).toEqual(['x', 'yy', 'x', 'x'].map(vectorOf));
    expect((body as OpenaiBody).data.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  });

  it('knows tokens from texts, and a list of tokens as one input', async () => {
    const { u, g } = await start('openai');
    await embed(g, [1, 2, 3]);
    expect((await embed(g, [[1, 2, 3]])).cache).toBe('hit');
    expect((await embed(g, ['1', '2', '3'])).cache).toBe('miss');
    expect(u.seen).toHaveLength(2);
  });

  it('keeps one vector for both encodings', async () => {
    const { u, g } = await start('openai');
    await embed(g, ['a', 'b'], { encoding_format: 'base64' });
    const floats = await embed(g, ['b', 'a']);
    expect(vectorsOf(floats.body)).toEqual(['b', 'a'].map(vectorOf));
    await embed(g, ['c']);
    const packed = await embed(g, ['a', 'c'], { encoding_format: 'base64' });
    expect([packed.cache, vectorsOf(packed.body)]).toEqual(['hit', ['a', 'c'].map(vectorOf).map(base64)]);
    expect(u.seen).toHaveLength(2);
  });

  it('keeps numbers that 32 bits cannot hold as they came', async () => {
    const exact = [0.1, -1 / 3, 1e-300];
    const { g } = await start('openai', (_request, res) =>
      json(res, { object: 'list', data: [{ index: 0, embedding: exact }], model: 'e' }),
    );
    await embed(g, 'x');
    const again = await embed(g, 'x');
    expect([again.cache, vectorsOf(again.body)]).toEqual(['hit', [exact]]);
  });

  it('is another question with other dimensions or of another caller', async () => {
    const { g } = await start('openai');
    const get = async (more: object, headers = {}) =>
      (await embed(g, 'x', more, '/v1/embeddings', headers)).cache;
    expect([
      await get({}),
      await get({ dimensions: 2 }),
      await get({}, { authorization: 'Bearer b' }),
    ]).toEqual(['miss', 'miss', 'miss']);
    expect([await get({ dimensions: 2 }), await get({ user: 'someone' })]).toEqual(['hit', 'hit']);
    expect(await get({}, { 'cache-control': 'no-store' })).toBe('bypass');
  });
});

describe('across surfaces', () => {
  it.each(['openai', 'ollama'] as const)('one vector serves both, over %s', async (kind) => {
    const { u, g } = await start(kind);
    await embed(g, ['a', 'b']);
    const native = await embed(g, ['b', 'a'], {}, '/api/embed');
    expect(native.cache).toBe('hit');
    expect(native.body).toMatchObject({
      model: kind === 'openai' ? 'e' : 'e',
      embeddings: ['b', 'a'].map(vectorOf),
      prompt_eval_count: 10,
    });
    expect(u.seen).toHaveLength(1);
  });

  it('the older endpoint of Ollama is kept apart: its vectors are not normalised', async () => {
    const { u, g } = await start('ollama');
    await embed(g, 'a');
    const old = async () => {
      const answer = await post(`${g.url}/api/embeddings`, { model: 'e', prompt: 'a' });
      return [answer.headers.get('x-cache'), await answer.json()];
    };
    expect([await old(), await old()]).toEqual([
      ['miss', { embedding: vectorOf('a') }],
      ['hit', { embedding: vectorOf('a') }],
    ]);
    expect(u.seen).toHaveLength(2);
  });
});

describe('inputs on their way', () => {
  it('are waited for by others, and the rest goes out beside them', async () => {
    const waiting: (() => void)[] = [];
    const { u, g } = await start('openai', async (request, res, req) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      await openai(request, res, req);
    });
    const first = embed(g, ['a', 'b']);
    await until(() => waiting.length === 1);
    const second = embed(g, ['b', 'c']);
    const third = embed(g, ['a', 'b']);
    await until(() => waiting.length === 2 && g.runtime.gateway.running === 3);
    for (const go of waiting) go();
    const all = await Promise.all([first, second, third]);
    expect(all.map(({ body }) => sorted(body as OpenaiBody))).toEqual([
      ['a', 'b'].map(vectorOf),
      ['b', 'c'].map(vectorOf),
      ['a', 'b'].map(vectorOf),
    ]);
    expect(all.map(({ cache }) => cache)).toEqual(['miss', 'miss', 'coalesced']);
    expect(sent(u)).toEqual([['a', 'b'], ['c']]);
  });

  it('are asked for anew when it was another input that was bad', async () => {
    const waiting: (() => void)[] = [];
    const { u, g } = await start('openai', async (request, res, req) => {
      if (u.seen.length === 1) await new Promise<void>((resolve) => waiting.push(resolve));
      await openai(request, res, req);
    });
    const bad = embed(g, ['good', 'bad']);
    await until(() => waiting.length === 1);
    const good = embed(g, ['good']);
    await until(() => g.runtime.gateway.running === 2);
    for (const go of waiting) go();
    expect((await bad).status).toBe(400);
    expect(vectorsOf((await good).body)).toEqual([vectorOf('good')]);
    expect(sent(u)).toEqual([['good', 'bad'], ['good']]);
  });

  it('survive the client that asked first', async () => {
    const waiting: (() => void)[] = [];
    const { u, g } = await start('openai', async (request, res, req) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      await openai(request, res, req);
    });
    const leaver = new AbortController();
    const first = post(`${g.url}/v1/embeddings`, { model: 'e', input: ['a', 'b'] }, {}, leaver.signal).catch(
      () => null,
    );
    await until(() => waiting.length === 1);
    const second = embed(g, ['b']);
    await until(() => g.runtime.gateway.running === 2);
    leaver.abort();
    await first;
    await until(() => g.runtime.gateway.running === 1);
    for (const go of waiting) go();
    expect(vectorsOf((await second).body)).toEqual([vectorOf('b')]);
    expect(u.cancelled).toBe(0);
  });

  it('fail together with an upstream that sends too few, and nothing is kept', async () => {
    let short = true;
    const { g } = await start('openai', (request, res, req) => {
      if (!short) return openai(request, res, req);
      json(res, { object: 'list', data: [{ index: 0, embedding: [1] }], model: 'e' });
    });
    const failed = await embed(g, ['a', 'b']);
    expect([failed.status, JSON.stringify(failed.body)]).toEqual([
      502,
      expect.stringContaining('1 embeddings for 2 inputs'),
    ]);
    expect(g.runtime.breakers.require('a.embeddings').snapshot().window.failures).toBe(1);
    short = false;
    expect((await embed(g, ['a', 'b'])).cache).toBe('miss');
  });

  it('are served stale when all of them are kept and the breaker is open', async () => {
    const { g } = await start('openai');
    await embed(g, ['a', 'b']);
    g.runtime.breakers.require('a.embeddings').trip({ by: 'ann' });
    expect((await embed(g, ['b'])).cache).toBe('hit');
    expect((await embed(g, ['a', 'c'])).status).toBe(503);
  });
});
