/** What the control plane tells of the caches, and does to them. */
import { afterEach, describe, expect, it } from 'vitest';
import { cacheMetricsSchema } from '#lib/contracts/cache.ts';
import { metrics, purge, updateSettings } from '#lib/control/cache.ts';
import { defineRoute } from '#lib/control/route.ts';
import { setRuntime } from '#lib/runtime-handle.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function start(more: object = {}): Promise<TestGateway> {
  const u = await ScriptedUpstream.start(({ json: body, path }, res) => {
    if (path === '/v1/embeddings') {
      const data = [body?.input].flat().map((_, index) => ({ index, embedding: [0.5, index] }));
      return json(res, { data, model: 'e', usage: { prompt_tokens: 4, total_tokens: 4 } });
    }
    json(res, {
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1_000, completion_tokens: 2_000, total_tokens: 3_000 },
    });
  });
  open.push(u);
  const price = { input_per_mtok: 2, output_per_mtok: 10, currency: 'EUR' };
  const g = await startGateway({
    upstreams: [{ name: 'a', kind: 'openai', url: `${u.url}/v1`, price, cache: { ttl_s: 120 } }],
    cache: { shadow_check_percent: 0, memory_mb: 10 },
    ...more,
  });
  open.push(g);
  setRuntime(g.runtime);
  return g;
}

const { GET, POST, PATCH } = defineRoute({ GET: metrics, POST: purge, PATCH: updateSettings });
const context = { params: Promise.resolve({}) };
async function call(method: 'GET' | 'POST' | 'PATCH', body?: object) {
  const handler = { GET, POST, PATCH }[method];
  const request = new Request('http://127.0.0.1/x', {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await handler(request, context);
  return { status: answer.status, body: await answer.json() };
}
const read = async () => cacheMetricsSchema.parse((await call('GET')).body);
const chat = (g: TestGateway, content: string, model = 'm') =>
  post(`${g.url}/v1/chat/completions`, { model, temperature: 0, messages: [{ role: 'user', content }] }).then(
    (answer) => answer.text(),
  );
const embed = (g: TestGateway, input: unknown) =>
  post(`${g.url}/v1/embeddings`, { model: 'e', input }).then((answer) => answer.text());

describe('GET /api/metrics/cache', () => {
  it('tells nothing of what was not asked, and no ratio', async () => {
    await start();
    const { caches, overall, memory, enabled, ghosts } = await read();
    expect(Object.keys(caches)).toEqual(['a_responses', 'a_embeddings', 'nlp_processor', 'redis']);
    expect(caches.a_responses).toMatchObject({
      size: 0,
      hits: 0,
      misses: 0,
      hit_rate: '0.00%',
      ttl_seconds: 120,
    });
    expect(caches.redis).toEqual({ status: 'unavailable', reason: 'not_configured' });
    expect(overall).toMatchObject({
      total_hits: 0,
      total_misses: 0,
      overall_hit_rate: '0.00%',
      efficiency_score: null,
    });
    expect([memory.max_bytes, enabled, ghosts]).toEqual([10 * 1024 * 1024, true, null]);
    for (const { hit_ratio } of overall.windows) expect(hit_ratio).toBeNull();
  });

  it('counts what was asked, by request and by input, and what it saved', async () => {
    const g = await start();
    await chat(g, 'one');
    await chat(g, 'one');
    await chat(g, 'one');
    await embed(g, ['a', 'b']);
    await embed(g, ['b', 'c']);
    const { caches, overall, memory } = await read();
    expect(caches.a_responses).toMatchObject({
      size: 1,
      hits: 2,
      misses: 1,
      hit_rate: '66.67%',
      saved: { calls: 2, tokens_in: 2_000, tokens_out: 4_000, money: 0.044, currency: 'EUR' },
    });
    expect(caches.a_embeddings).toMatchObject({ size: 3, hits: 1, misses: 3, hit_rate: '25.00%' });
    expect(overall).toMatchObject({ total_hits: 3, total_misses: 4, overall_hit_rate: '42.86%' });
    expect(overall.windows.map(({ window_s, hit_ratio }) => [window_s, hit_ratio])).toEqual(
      [10, 100, 1_000, null].map((window) => [window, 3 / 7]),
    );
    expect(overall.efficiency_score).toBeGreaterThan(0);
    expect(overall.efficiency_score).toBeLessThan(100);
    expect(memory.entries).toBe(4);
    expect(memory.rendered_bytes).toBeGreaterThan(0);
  });
});

describe('POST /api/cache/purge', () => {
  it('drops what is named, says how much, and is audited', async () => {
    const g = await start();
    await chat(g, 'one');
    await chat(g, 'two', 'other');
    await embed(g, ['a', 'b']);
    expect(await call('POST', { model: 'other', reason: 'wrong answers' })).toEqual({
      status: 200,
      body: { purged: 1 },
    });
    expect((await call('POST', { cache: 'a_embeddings' })).body).toEqual({ purged: 2 });
    expect((await call('POST', { all: true })).body).toEqual({ purged: 1 });
    expect((await call('POST', { all: true })).body).toEqual({ purged: 0 });
    const [first] = g.runtime.events.query({ type: 'operator_purge', limit: 10 }).events;
    expect(first?.detail).toMatchObject({ reason: 'wrong answers', after: { model: 'other', purged: 1 } });
    expect((await read()).caches.a_embeddings).toMatchObject({
      size: 0,
      evictions: { size: 0, ttl: 0, purge: 2 },
    });
  });

  it.each([
    [{}, 400, 'all'],
    [{ all: false }, 400, 'all'],
    [{ all: true, model: 'm' }, 400, 'all'],
    [{ cache: 3 }, 400, 'cache'],
    [{ cach: 'a_responses' }, 400, 'cach'],
    [{ cache: 'nope' }, 404, 'a_responses, a_embeddings'],
  ])('%j is refused with %i, and nothing is dropped', async (body, status, says) => {
    const g = await start();
    await chat(g, 'one');
    const answer = await call('POST', body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toContain(says);
    expect((await read()).memory.entries).toBe(1);
  });
});

describe('PATCH /api/cache', () => {
  it('takes a new budget at once; what does not fit goes', async () => {
    const g = await start();
    for (let at = 0; at < 3; at += 1)
      await embed(
        g,
        Array.from({ length: 500 }, (_, each) => `text ${at} ${each}`),
      );
    const before = (await read()).memory;
    expect(before.entries).toBe(1_500);
    const { status, body } = await call('PATCH', { memory_mb: 1 });
    expect(status).toBe(200);
    expect(cacheMetricsSchema.parse(body).memory).toMatchObject({ entries: 1_500, max_bytes: 1_048_576 });
    for (let at = 3; at < 8; at += 1)
      await embed(
        g,
        Array.from({ length: 500 }, (_, each) => `text ${at} ${each}`),
      );
    const after = await read();
    expect(after.memory.bytes).toBeLessThanOrEqual(1_048_576);
    expect(after.caches.a_embeddings).toMatchObject({
      evictions: { size: expect.any(Number), ttl: 0, purge: 0 },
    });
    expect(after.memory.entries).toBeLessThan(4_000);
    // A reload that leaves the configured budget alone leaves this one too.
    await g.runtime.reload({ ...g.runtime.config() });
    expect((await read()).memory.max_bytes).toBe(1_048_576);
    await g.runtime.reload({ ...g.runtime.config(), cache: { ...g.runtime.config().cache, memory_mb: 20 } });
    expect((await read()).memory.max_bytes).toBe(20 * 1_048_576);
  });

  it.each([{}, { memory_mb: 0 }, { memory_mb: 1.5 }, { memory_mb: 5, ttl_s: 3 }])(
    'refuses %j',
    async (body) => {
      await start();
      expect((await call('PATCH', body)).status).toBe(400);
    },
  );
});
