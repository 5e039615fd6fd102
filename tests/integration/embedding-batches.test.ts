/** Embeddings of many callers in few upstream calls, over real sockets: each gets its own vectors, whatever comes back. */
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const vectorOf = (input: unknown) => {
  const text = JSON.stringify(input);
  return [text.length, text.charCodeAt(1) / 4, text.charCodeAt(text.length - 2) / 8];
};
const inputsOf = (body: Record<string, unknown> | undefined): unknown[] =>
  Array.isArray(body?.input) && typeof body.input[0] !== 'number' ? body.input : [body?.input];
const packed = (vector: number[]) => Buffer.from(Float32Array.from(vector).buffer).toString('base64');

type Row = { object: string; index: number; embedding: unknown };
function answer(body: Record<string, unknown> | undefined, change: (rows: Row[]) => Row[] = (rows) => rows) {
  const inputs = inputsOf(body);
  const rows = inputs.map((input, index) => ({
    object: 'embedding',
    index,
    embedding: body?.encoding_format === 'base64' ? packed(vectorOf(input)) : vectorOf(input),
  }));
  const tokens = inputs.length * 3 + 1;
  return {
    object: 'list',
    data: change(rows),
    model: 'e',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** An upstream that is held up by its first call until it is released, so that what follows gathers. */
async function start(script: Script, batching: object = {}, more: object = {}) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const u = await ScriptedUpstream.start(async (request, res, req) => {
    if (inputsOf(request.json).includes('plug')) await released;
    await script(request, res, req);
  });
  open.push(u);
  const g = await startGateway({
    upstreams: [
      {
        name: 'a',
        kind: 'openai',
        url: `${u.url}/v1`,
        batching: { embedding: { max_wait_ms: 5_000, ...batching } },
        ...more,
      },
    ],
    cache: { shadow_check_percent: 0 },
  });
  open.push(g);
  return { u, g, release };
}

async function embed(
  g: TestGateway,
  input: unknown,
  more: object = {},
  headers: Record<string, string> = {},
) {
  const response = await post(`${g.url}/v1/embeddings`, { model: 'e', input, ...more }, headers);
  const body = (await response.json()) as { data: Row[]; usage: { prompt_tokens: number } };
  return {
    status: response.status,
    size: response.headers.get('x-switchgear-batch-size'),
    body,
    text: JSON.stringify(body),
  };
}
const vectorsOf = ({ body }: { body: { data: Row[] } }) => body.data.map(({ embedding }) => embedding);
const sent = (u: ScriptedUpstream) => u.seen.map(({ json: body }) => inputsOf(body));
const statsOf = (g: TestGateway) => g.runtime.answers.embeddings.batchers.list()[0]?.batcher.stats();
const pending = (g: TestGateway) => statsOf(g)?.pending;

/** Puts a plug in, has the callers gather behind it, pulls it, and answers what the callers got. */
async function gathered<T>(
  { u, g, release }: Awaited<ReturnType<typeof start>>,
  callers: (() => Promise<T>)[],
  waiting = callers.length,
): Promise<T[]> {
  const plug = embed(g, 'plug');
  await until(() => u.seen.length === 1);
  const all = Promise.all(callers.map((call) => call()));
  await until(() => pending(g) === waiting);
  release();
  await plug;
  return all;
}

describe('what comes back', () => {
  it('is dealt to its callers, shuffled by index or not, with exact counts', async () => {
    const s = await start(({ json: body }, res) =>
      json(
        res,
        answer(body, (rows) => rows.toReversed()),
      ),
    );
    const inputs = [['one'], ['two', 'three'], ['four']];
    const got = await gathered(
      s,
      inputs.map((input) => () => embed(s.g, input)),
    );
    expect(got.map(vectorsOf)).toEqual(inputs.map((each) => each.map(vectorOf)));
    expect(sent(s.u)).toEqual([['plug'], ['one', 'two', 'three', 'four']]);
    expect(got.map(({ size }) => size)).toEqual(['4', '4', '4']);
    expect(got.reduce((sum, { body }) => sum + body.usage.prompt_tokens, 0)).toBe(13);
    const { requests } = s.g.runtime.telemetry.requests.query({ limit: 10 });
    expect(requests.reduce((sum, { tokens_in }) => sum + (tokens_in ?? 0), 0)).toBe(13 + 4);
    expect(s.g.runtime.breakers.require('a.embeddings').snapshot().window.calls).toBe(2);
  });

  it.each([
    ['too few', (rows: Row[]) => rows.slice(1), 'embeddings for 2 inputs'],
    [
      'too many',
      (rows: Row[]) => [...rows, { object: 'embedding', index: 2, embedding: [1] }],
      '3 embeddings for 2 inputs',
    ],
    [
      'twice the same index',
      (rows: Row[]) => rows.map((row) => ({ ...row, index: 0 })),
      'embeddings for 2 inputs',
    ],
  ])('%s fails the batch with a clear error, and nobody gets another’s vector', async (_, change, says) => {
    const s = await start(({ json: body }, res) =>
      json(res, answer(body, inputsOf(body).includes('plug') ? undefined : change)),
    );
    const got = await gathered(
      s,
      ['a', 'b'].map((input) => () => embed(s.g, input)),
    );
    for (const { status, text } of got) {
      expect(status).toBe(502);
      expect(text).toContain(says);
    }
    expect(s.g.runtime.breakers.require('a.embeddings').snapshot().window.failures).toBe(1);
  });

  it('one bad item fails alone, and no batch is sent twice', async () => {
    const s = await start(({ json: body }, res) =>
      inputsOf(body).includes('bad')
        ? json(res, { error: { message: 'bad input' } }, 400)
        : json(res, answer(body)),
    );
    const inputs = ['a', 'b', 'bad', 'd', 'e'];
    const got = await gathered(
      s,
      inputs.map((input) => () => embed(s.g, input)),
    );
    expect(got.map(({ status }) => status)).toEqual([200, 200, 400, 200, 200]);
    expect(got[3] && vectorsOf(got[3])).toEqual([vectorOf('d')]);
    const calls = sent(s.u).map((each) => each.join());
    expect(new Set(calls).size).toBe(calls.length);
    expect(s.g.runtime.breakers.require('a.embeddings').snapshot().window.failures).toBe(0);
  });

  it('a refusal for anybody is not tried again by halves', async () => {
    const s = await start(({ json: body }, res) =>
      inputsOf(body).includes('plug')
        ? json(res, answer(body))
        : json(res, { error: { message: 'no such key' } }, 401),
    );
    const got = await gathered(
      s,
      ['a', 'b', 'c'].map((input) => () => embed(s.g, input)),
    );
    expect([got.map(({ status }) => status), s.u.seen.length]).toEqual([[401, 401, 401], 2]);
  });

  it('nothing at all is a timeout for all of them, counted once', async () => {
    const s = await start(
      ({ json: body }, res) => {
        if (inputsOf(body).includes('plug')) json(res, answer(body));
      },
      {},
      { timeout: { first_byte_ms: 150 } },
    );
    const got = await gathered(
      s,
      ['a', 'b'].map((input) => () => embed(s.g, input)),
    );
    expect(got.map(({ status }) => status)).toEqual([504, 504]);
    expect(s.g.runtime.breakers.require('a.embeddings').snapshot().window).toMatchObject({
      calls: 2,
      failures: 1,
    });
  });
});

describe('who shares a call', () => {
  it('callers with one credential, one model and one form; nobody else', async () => {
    const s = await start(({ json: body }, res) => json(res, answer(body)));
    const a = { authorization: 'Bearer a' };
    await gathered(s, [
      () => embed(s.g, 'a1', {}, a),
      () => embed(s.g, 'a2', {}, { ...a, 'user-agent': 'other' }),
      () => embed(s.g, 'b', {}, { authorization: 'Bearer b' }),
      () => embed(s.g, 'm', { model: 'other' }, a),
      () => embed(s.g, 'd', { dimensions: 2 }, a),
      () => embed(s.g, [7, 8], {}, a),
      () => embed(s.g, 'x', {}, { ...a, 'x-team': 'red' }),
      () => embed(s.g, 'n', {}, { ...a, 'cache-control': 'no-store' }),
    ]);
    // The canary asks for one of them again, alone.
    const calls = sent(s.u)
      .slice(1)
      .map((each) => JSON.stringify(each))
      .filter((each) => each !== '["a2"]')
      .sort();
    expect(calls).toEqual(['["a1","a2"]', '["b"]', '["d"]', '["m"]', '["n"]', '["x"]', '[[7,8]]'].sort());
  });

  it('a list of one caller goes whole, however long it is', async () => {
    const s = await start(({ json: body }, res) => json(res, answer(body)));
    const long = Array.from({ length: 100 }, (_, at) => `text ${at}`);
    const { body, size } = await embed(s.g, long);
    expect([body.data.length, s.u.seen.length, size]).toEqual([100, 1, null]);
  });

  it('merging is off with a size of 1', async () => {
    const s = await start(({ json: body }, res) => json(res, answer(body)), { max_size: 1 });
    const got = await Promise.all(['a', 'b', 'c'].map((input) => embed(s.g, input)));
    expect([got.map(({ size }) => size), s.u.seen.length]).toEqual([[null, null, null], 3]);
  });
});

describe('a client that leaves', () => {
  it('is taken out of the queue; in flight the call goes on for the others, and is cancelled when none is left', async () => {
    const s = await start(({ json: body }, res) => {
      if (inputsOf(body).includes('plug')) json(res, answer(body));
    });
    const plug = embed(s.g, 'plug');
    await until(() => s.u.seen.length === 1);
    const clients = ['a', 'b', 'c'].map((input) => {
      const leaver = new AbortController();
      const done = post(`${s.g.url}/v1/embeddings`, { model: 'e', input }, {}, leaver.signal).catch(
        () => null,
      );
      return { leaver, done };
    });
    await until(() => pending(s.g) === 3);
    clients[0]?.leaver.abort();
    await until(() => pending(s.g) === 2);
    s.release();
    await plug;
    await until(() => s.u.seen.length === 2);
    expect(sent(s.u)[1]).toEqual(['b', 'c']);
    clients[1]?.leaver.abort();
    await until(() => s.g.runtime.gateway.running === 1);
    expect(s.u.cancelled).toBe(0);
    clients[2]?.leaver.abort();
    await s.u.whenCancelled();
    await Promise.all(clients.map(({ done }) => done));
  });
});

describe('the canary', () => {
  it('turns batching off for a model whose batched vectors are not its single ones', async () => {
    const s = await start(({ json: body }, res) =>
      json(
        res,
        answer(body, (rows) =>
          rows.length > 1 ? rows.map((row) => ({ ...row, embedding: [-1, row.index, 5] })) : rows,
        ),
      ),
    );
    await gathered(
      s,
      ['a', 'b'].map((input) => () => embed(s.g, input)),
    );
    await until(
      () => s.g.runtime.events.query({ type: 'batching_canary_failed', limit: 1 }).events.length === 1,
    );
    const got = await Promise.all(['a', 'b'].map((input) => embed(s.g, input)));
    expect(got.map(vectorsOf)).toEqual([[vectorOf('a')], [vectorOf('b')]]);
  });

  it('leaves it on when they are the same', async () => {
    const s = await start(({ json: body }, res) => json(res, answer(body)));
    await gathered(
      s,
      ['a', 'b'].map((input) => () => embed(s.g, input)),
    );
    await until(() => s.u.seen.length === 3);
    expect(sent(s.u)[2]).toEqual(['b']);
    expect(s.g.runtime.events.query({ type: 'batching_canary_failed', limit: 1 }).events).toEqual([]);
  });
});

it('a full queue is a 429 that says when to come back', async () => {
  const u = await ScriptedUpstream.start(() => {});
  open.push(u);
  const g = await startGateway({
    upstreams: [
      {
        name: 'a',
        kind: 'openai',
        url: `${u.url}/v1`,
        connections: 1,
        batching: { embedding: { max_size: 1 } },
      },
    ],
    limits: { queue: 2 },
  });
  open.push(g);
  const leaver = new AbortController();
  const held = ['a', 'b', 'c'].map((input) =>
    post(`${g.url}/v1/embeddings`, { model: 'e', input }, {}, leaver.signal).catch(() => null),
  );
  await until(() => pending(g) === 2);
  const refused = await post(`${g.url}/v1/embeddings`, { model: 'e', input: 'd' });
  expect([refused.status, await refused.json()]).toEqual([
    429,
    { error: expect.objectContaining({ code: 'queue_full' }) },
  ]);
  expect(Number(refused.headers.get('retry-after-ms'))).toBeGreaterThan(0);
  leaver.abort();
  await Promise.all(held);
});

it('an open breaker refuses at once, without a wait in the queue', async () => {
  const s = await start(({ json: body }, res) => json(res, answer(body)));
  s.g.runtime.breakers.require('a.embeddings').trip({ by: 'ann' });
  const got = await Promise.all(['a', 'b'].map((input) => embed(s.g, input)));
  expect([got.map(({ status }) => status), pending(s.g) ?? 0]).toEqual([[503, 503], 0]);
});

it('256 concurrent calls of the openai package make at most 20 upstream calls, each with its own vector', async () => {
  const u = await ScriptedUpstream.start(({ json: body }, res) => {
    setTimeout(() => json(res, answer(body)), 20);
  });
  open.push(u);
  const g = await startGateway({
    upstreams: [{ name: 'a', kind: 'openai', url: `${u.url}/v1` }],
    cache: { shadow_check_percent: 0 },
  });
  open.push(g);
  const client = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'x', maxRetries: 0 });
  const texts = Array.from({ length: 256 }, (_, at) => `text number ${at} ${'.'.repeat(at % 7)}`);
  const got = await Promise.all(texts.map((input) => client.embeddings.create({ model: 'e', input })));
  expect(got.map(({ data }) => data[0]?.embedding)).toEqual(texts.map(vectorOf));
  // The canary's single call is not a batch.
  expect(u.seen.length - 1).toBeLessThanOrEqual(20);
});
