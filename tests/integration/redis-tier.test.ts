/** The shared tier over a real Redis: what it brings, and that no request fails when it is slow, full or away. */
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { RedisServer } from '../support/redis.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function redis(args: readonly string[] = []): Promise<RedisServer> {
  const server = await RedisServer.start(args);
  open.push(server);
  return server;
}

let answers = 0;
async function upstream(): Promise<ScriptedUpstream> {
  const started = await ScriptedUpstream.start(({ json: body, path }, res) => {
    answers += 1;
    if (path === '/v1/embeddings') {
      const inputs = [body?.input].flat();
      return json(res, {
        data: inputs.map((_, index) => ({ index, embedding: [answers, index] })),
        model: 'e',
      });
    }
    const content = `answer ${answers}`.padEnd(Number(body?.max_tokens ?? 0), '.');
    json(res, {
      id: 'x',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    });
  });
  open.push(started);
  return started;
}

async function gateway(
  u: ScriptedUpstream,
  config: Record<string, unknown>,
  cache: object = {},
  now?: () => number,
): Promise<TestGateway> {
  const started = await startGateway(
    {
      upstreams: [{ name: 'a', kind: 'openai', url: `${u.url}/v1` }],
      cache: { shadow_check_percent: 0, ...cache },
      redis: config,
    },
    now === undefined ? {} : { now },
  );
  open.push(started);
  return started;
}

const chat = (content: string, more: object = {}) => ({
  model: 'm',
  temperature: 0,
  messages: [{ role: 'user', content }],
  ...more,
});
async function ask(g: TestGateway, content = 'hi', more: object = {}) {
  const answer = await post(`${g.url}/v1/chat/completions`, chat(content, more));
  return { status: answer.status, cache: answer.headers.get('x-cache'), text: await answer.text() };
}
async function embed(g: TestGateway, input: unknown) {
  const answer = await post(`${g.url}/v1/embeddings`, { model: 'e', input });
  return {
    cache: answer.headers.get('x-cache'),
    body: (await answer.json()) as { data: { embedding: number[] }[] },
  };
}
const counts = (g: TestGateway, cache = 'a_responses') => g.runtime.cache.countsOf(cache).total();
const stateOf = (g: TestGateway) => g.runtime.breakers.require('redis').snapshot().state;
const events = (g: TestGateway, type: string) => g.runtime.events.query({ type, limit: 50 }).events;
const keys = (r: RedisServer) => r.client.keys('switchgear:v1:*');

it('refuses embeddings that are neither kept nor may be asked for', async () => {
  const server = await redis();
  const u = await upstream();
  const g = await gateway(u, { url: server.url });
  await until(() => g.runtime.cacheSnapshot().redis === 'connected');
  g.runtime.breakers.require('a.embeddings').trip({ by: 'test' });
  const answer = await post(`${g.url}/v1/embeddings`, { model: 'e', input: 'unknown' });
  expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
    503,
    'circuit_open',
  ]);
});

describe('two gateways with one Redis', () => {
  it('share answers and vectors, with their age, and expire together', async () => {
    const [r, u] = [await redis(), await upstream()];
    let clockMs = Date.now();
    const one = await gateway(u, { url: r.url }, { ttl_s: 60, stale_if_error_s: 0 }, () => clockMs);
    const two = await gateway(u, { url: r.url }, { ttl_s: 60, stale_if_error_s: 0 }, () => clockMs);
    const first = await ask(one);
    await embed(one, ['a', 'b']);
    await until(async () => (await keys(r)).length === 3);
    clockMs += 5_000;
    expect(await ask(two)).toEqual({ ...first, cache: 'hit' });
    expect(counts(two)).toMatchObject({ hit_redis: 1, hit_memory: 0, miss: 0 });
    await ask(two);
    expect(counts(two)).toMatchObject({ hit_redis: 1, hit_memory: 1 });
    const mixed = await embed(two, ['b', 'c', 'a']);
    expect(mixed.body.data.map(({ embedding }) => embedding[1])).toEqual([1, 0, 0]);
    expect(counts(two, 'a_embeddings')).toMatchObject({ hit_redis: 2, miss: 1 });
    for (const key of await keys(r)) expect(await r.client.pttl(key)).toBeLessThanOrEqual(60_000);
    clockMs += 60_000;
    expect((await ask(two)).cache).toBe('miss');
  });

  it('purge each other', async () => {
    const [r, u] = [await redis(), await upstream()];
    const one = await gateway(u, { url: r.url });
    const two = await gateway(u, { url: r.url });
    for (const g of [one, two]) {
      await ask(g);
      await ask(g, 'hi', { model: 'other' });
      await embed(g, 'x');
    }
    await until(async () => (await keys(r)).length === 3);
    expect(await one.runtime.cache.purge({ model: 'm' })).toBe(1);
    await until(() => counts(two).evicted_purge === 1);
    expect((await keys(r)).length).toBe(2);
    expect([(await ask(two)).cache, (await ask(two, 'hi', { model: 'other' })).cache]).toEqual([
      'miss',
      'hit',
    ]);
    await until(async () => (await keys(r)).length === 3);
    expect(await two.runtime.cache.purge({ cache: 'a_embeddings' })).toBe(1);
    expect(await two.runtime.cache.purge({})).toBe(2);
    await until(() => one.runtime.cache.memory.bytes === 0);
    expect(await keys(r)).toEqual([]);
  });
});

describe('what stands in Redis', () => {
  it('is a miss and an event when it is corrupt, and is replaced', async () => {
    const [r, u] = [await redis(), await upstream()];
    const one = await gateway(u, { url: r.url });
    await ask(one);
    await until(async () => (await keys(r)).length === 1);
    const [key = ''] = await keys(r);
    for (const wrong of ['', 'not ours', 'SWG\u0001\u0000corrupt-corrupt']) {
      await r.client.set(key, wrong);
      one.runtime.cache.purgeMemory({});
      expect((await ask(one)).cache).toBe('miss');
      await until(async () => (await r.client.strlen(key)) > 100);
    }
    expect(events(one, 'cache_value_corrupt')).toHaveLength(3);
  });

  it('is a miss without an event when another version wrote it', async () => {
    const [r, u] = [await redis(), await upstream()];
    const one = await gateway(u, { url: r.url });
    await ask(one);
    await until(async () => (await keys(r)).length === 1);
    const [key = ''] = await keys(r);
    await r.client.set(key, Buffer.concat([Buffer.from('SWG'), Buffer.from([99]), Buffer.alloc(40)]));
    one.runtime.cache.purgeMemory({});
    expect([(await ask(one)).cache, events(one, 'cache_value_corrupt').length]).toEqual(['miss', 0]);
  });

  it('tells nothing of a credential', async () => {
    const [r, u] = [await redis(), await upstream()];
    const one = await gateway(u, { url: r.url });
    await post(`${one.url}/v1/chat/completions`, chat('hi'), { authorization: 'Bearer very-secret-1' });
    await until(async () => (await keys(r)).length === 1);
    const [key = ''] = await keys(r);
    expect(`${key} ${await r.client.getBuffer(key)}`).not.toContain('very-secret');
  });
});

describe('no request fails for Redis', () => {
  const all = async (g: TestGateway, label: string, count = 50) => {
    const got = await Promise.all(Array.from({ length: count }, (_, at) => ask(g, `${label} ${at}`)));
    expect(got.filter(({ status }) => status !== 200)).toEqual([]);
    return got;
  };

  it('that is killed while it works, and comes back empty', async () => {
    const [r, u] = [await redis(), await upstream()];
    const g = await gateway(u, { url: r.url });
    await all(g, 'before');
    const during = all(g, 'during', 200);
    await r.kill();
    await during;
    await until(() => stateOf(g) === 'open');
    await all(g, 'after');
    expect((await ask(g, 'before 1')).cache).toBe('hit');
    expect(events(g, 'redis_lost')).toHaveLength(1);
    await r.run();
    await until(() => stateOf(g) === 'closed' && g.runtime.cache.remote?.available === true);
    await ask(g, 'once more');
    await until(async () => (await keys(r)).length === 1);
    expect(events(g, 'redis_connected')).toHaveLength(2);
  });

  it('that is not there at the start', async () => {
    const u = await upstream();
    const r = await redis();
    await r.kill();
    const g = await gateway(u, { url: r.url });
    await all(g, 'without');
    await r.run();
    await until(() => g.runtime.cache.remote?.available === true);
  });

  it.each([
    [
      'hangs, stopped by a signal',
      (r: RedisServer) => r.signal('SIGSTOP'),
      (r: RedisServer) => r.signal('SIGCONT'),
    ],
    [
      'hangs in a command',
      (r: RedisServer) => void r.client.call('DEBUG', 'SLEEP', '2').catch(() => {}),
      () => {},
    ],
  ])('that %s: its breaker opens, and then it costs nothing', async (_, hang, goOn) => {
    const [r, u] = [await redis(['--enable-debug-command', 'yes']), await upstream()];
    const g = await gateway(u, { url: r.url, timeout_ms: 100 });
    await all(g, 'before');
    await r.client.ping();
    hang(r);
    await all(g, 'during');
    await until(() => stateOf(g) !== 'closed');
    const asked = u.seen.length;
    await all(g, 'open');
    expect(u.seen.length - asked).toBe(50);
    expect(counts(g).hit_redis).toBe(0);
    goOn(r);
    await until(() => g.runtime.cache.remote?.available === true);
  });

  it('that is full: what is there is still read, and writing rests', async () => {
    const [r, u] = [
      await redis(['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction']),
      await upstream(),
    ];
    const g = await gateway(u, { url: r.url });
    await ask(g, 'kept');
    await until(async () => (await keys(r)).length === 1);
    await r.client.config('SET', 'maxmemory', '1');
    await all(g, 'too much');
    await until(() => events(g, 'redis_writes_refused').length === 1);
    expect(events(g, 'redis_writes_refused')[0]?.detail).toMatchObject({ reason: 'full' });
    expect(stateOf(g)).toBe('closed');
    const other = await gateway(u, { url: r.url });
    expect((await ask(other, 'kept')).cache).toBe('hit');
    expect(counts(other).hit_redis).toBe(1);
  });

  it('that has become a replica: reads go on, writing rests', async () => {
    const [r, u] = [await redis(), await upstream()];
    const g = await gateway(u, { url: r.url });
    await ask(g, 'kept');
    await until(async () => (await keys(r)).length === 1);
    await r.client.replicaof('127.0.0.1', 1);
    await all(g, 'more');
    await until(() => events(g, 'redis_writes_refused').length === 1);
    expect(events(g, 'redis_writes_refused')[0]?.detail).toMatchObject({ reason: 'read-only' });
    await until(() => g.runtime.cache.remote?.available === true);
    const other = await gateway(u, { url: r.url });
    expect((await ask(other, 'kept')).cache).toBe('hit');
    expect(counts(other).hit_redis).toBe(1);
  });

  it('a purge while it is away is carried out when it is back', async () => {
    const [r, u] = [await redis(), await upstream()];
    const g = await gateway(u, { url: r.url, timeout_ms: 100 });
    await ask(g, 'old');
    await until(async () => (await keys(r)).length === 1);
    r.signal('SIGSTOP');
    await ask(g, 'another');
    await until(() => stateOf(g) !== 'closed');
    expect(await g.runtime.cache.purge({ cache: 'a_responses' })).toBe(2);
    r.signal('SIGCONT');
    expect((await ask(g, 'old')).cache).toBe('miss');
    await until(() => g.runtime.cache.remote?.available === true);
    await until(async () => (await keys(r)).length === 0);
  });
});

describe('configuration', () => {
  it('takes Redis away and back while it runs', async () => {
    const [r, u] = [await redis(), await upstream()];
    const g = await gateway(u, { url: r.url });
    const config = g.runtime.config();
    await g.runtime.reload({ ...config, redis: undefined });
    expect([g.runtime.cache.remote, g.runtime.breakers.get('redis')]).toEqual([null, undefined]);
    expect((await ask(g)).cache).toBe('miss');
    await g.runtime.reload(config);
    expect(g.runtime.cache.remote?.available).toBe(true);
  });

  it('user, password, database and prefix are those of the address and of the keys', async () => {
    const u = await upstream();
    const r = await redis();
    await r.client.acl('SETUSER', 'app', 'on', '>p@ss/word', '~*', '&*', '+@all');
    const g = await gateway(u, {
      url: `redis://app:p%40ss%2Fword@127.0.0.1:${r.port}/2`,
      key_prefix: 'team-a:gw',
    });
    expect(g.runtime.cache.remote?.available).toBe(true);
    await ask(g);
    await r.client.select(2);
    await until(async () => (await r.client.keys('team-a:gw:v1:a_responses:*')).length === 1);
  });

  it('a Cluster: keys of several slots, purge over all masters', async () => {
    const u = await upstream();
    const r = await redis(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']);
    await r.client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until(async () => String(await r.client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    const g = await gateway(u, { cluster: [r.url] });
    await until(() => g.runtime.cache.remote?.available === true);
    await embed(g, ['a', 'b', 'c', 'd']);
    await until(async () => (await keys(r)).length === 4);
    const other = await gateway(u, { cluster: [r.url] });
    await until(() => other.runtime.cache.remote?.available === true);
    expect((await embed(other, ['d', 'c', 'b', 'a'])).cache).toBe('hit');
    expect(counts(other, 'a_embeddings').hit_redis).toBe(4);
    expect(await g.runtime.cache.purge({})).toBe(4);
    expect(await keys(r)).toEqual([]);
  });

  it('a Sentinel: the master that it names', async () => {
    const u = await upstream();
    const r = await redis();
    const s = await RedisServer.startSentinel('main', r.port);
    open.push(s);
    const g = await gateway(u, { sentinel: { name: 'main', urls: [s.url] } });
    await until(() => g.runtime.cache.remote?.available === true);
    await ask(g);
    await until(async () => (await keys(r)).length === 1);
  });
});
