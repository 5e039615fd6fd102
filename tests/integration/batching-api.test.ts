/** What the control plane tells of the batchers, and changes of them. */
import { afterEach, describe, expect, it } from 'vitest';
import { batchingSchema } from '#lib/contracts/batching.ts';
import { comprehensiveSchema } from '#lib/contracts/comprehensive.ts';
import * as control from '#lib/control/batching.ts';
import { defineRoute } from '#lib/control/route.ts';
import { setRuntime } from '#lib/runtime-handle.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function start(): Promise<TestGateway> {
  const u = await ScriptedUpstream.start(({ json: body }, res) => {
    const data = [body?.input].flat().map((_, index) => ({ index, embedding: [0.5] }));
    json(res, { data, model: 'e', usage: { prompt_tokens: 4, total_tokens: 4 } });
  });
  open.push(u);
  const url = `${u.url}/v1`;
  const g = await startGateway({
    upstreams: [
      { name: 'a', kind: 'openai', url },
      { name: 'b', kind: 'openai', url },
    ],
  });
  open.push(g);
  setRuntime(g.runtime);
  return g;
}

const { GET, PATCH } = defineRoute({ GET: control.show, PATCH: control.update });
const context = { params: Promise.resolve({}) };
async function call(method: 'GET' | 'PATCH', body?: object) {
  const request = new Request('http://127.0.0.1/x', {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await { GET, PATCH }[method](request, context);
  return { status: answer.status, body: await answer.json() };
}
const read = async () => batchingSchema.parse((await call('GET')).body);

describe('/api/batching', () => {
  it('has the figures of both batchers, from zero on', async () => {
    const g = await start();
    const before = await read();
    expect(before.embedding_batcher).toMatchObject({
      total_batches: 0,
      total_requests: 0,
      avg_batch_size: 0,
      efficiency_ratio: 0,
    });
    await Promise.all(
      Array.from({ length: 30 }, (_, at) => post(`${g.url}/v1/embeddings`, { model: 'e', input: `t${at}` })),
    );
    const { embedding_batcher, llm_batcher, upstreams } = await read();
    expect(embedding_batcher).toMatchObject({ total_requests: 30, total_items: 30, pending_requests: 0 });
    const { total_batches, avg_batch_size, efficiency_ratio, upstream_calls_avoided, sizes } =
      embedding_batcher;
    expect(avg_batch_size).toBeCloseTo(30 / total_batches);
    expect(efficiency_ratio).toBeCloseTo(30 / total_batches / 20);
    expect(upstream_calls_avoided).toBe(30 - total_batches);
    expect(sizes.reduce((sum, { size, batches }) => sum + size * batches, 0)).toBe(30);
    expect(llm_batcher.total_batches).toBe(0);
    expect(upstreams.map(({ name, embedding }) => [name, embedding.total_requests])).toEqual([
      ['a', 30],
      ['b', 0],
    ]);
  });

  it('changes limits live, of one upstream or all, audited; a reload keeps them', async () => {
    const g = await start();
    await call('PATCH', { kind: 'embedding', upstream: 'a', max_size: 7, reason: 'try' });
    const changed = batchingSchema.parse((await call('PATCH', { kind: 'llm', max_wait_ms: 9 })).body);
    const limits = changed.upstreams.map(({ embedding, llm }) => [
      embedding.limits.max_size,
      llm.limits.max_wait_ms,
    ]);
    expect(limits).toEqual([
      [7, 9],
      [20, 9],
    ]);
    await g.runtime.reload({ ...g.runtime.config() });
    expect((await read()).upstreams[0]?.embedding.limits.max_size).toBe(7);
    const events = g.runtime.events.query({ type: 'operator_batching', limit: 10 }).events;
    expect(events[0]).toMatchObject({ component: 'a', detail: { reason: 'try' } });
  });

  it.each([
    [{}, 400],
    [{ kind: 'embedding' }, 400],
    [{ kind: 'other', max_size: 3 }, 400],
    [{ kind: 'llm', max_size: 0 }, 400],
    [{ kind: 'llm', upstream: 'nope', max_size: 3 }, 404],
  ])('refuses %j with %i', async (body, status) => {
    await start();
    expect((await call('PATCH', body)).status).toBe(status);
  });
});

it('/api/metrics/comprehensive has all parts, and null where nothing was measured', async () => {
  const g = await start();
  const request = () => comprehensiveSchema.parse(control.comprehensive({ runtime: g.runtime }));
  expect(request().components.request_batching.embedding_batcher).toEqual({
    total_batches: 0,
    total_requests: 0,
    avg_batch_size: null,
    avg_wait_time_ms: null,
    pending_requests: 0,
    efficiency_ratio: null,
  });
  await post(`${g.url}/v1/embeddings`, { model: 'e', input: 'x' }).then((answer) => answer.text());
  expect(request().components).toMatchObject({
    request_batching: { embedding_batcher: { total_batches: 1, total_requests: 1, avg_batch_size: 1 } },
    circuit_breakers: { status: 'active', test_endpoint: '/api/test/circuit-breaker/status' },
    cache_monitoring: { status: 'active', hit_ratio: 0, total_misses: 1 },
  });
});
