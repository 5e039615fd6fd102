/**
 * A Redis whose connections are reset at every stage, and one that refuses: nobody is left to hold a promise of the
 * client, no request fails, and once it is well again it is used and the purges of others are heard.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '#lib/contracts/config.ts';
import { RedisTier } from '#lib/store/redis-tier.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { freePort, RedisServer } from '../support/redis.ts';
import { ResettingProxy } from '../support/resetting-proxy.ts';
import { type RedisScript, ScriptedRedis } from '../support/scripted-redis.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';
import { breakerOf } from '../unit/breaker/support.ts';

/** Of one connection: opened, ready and in use again in between. */
const RESETS = 4;
const KEY = { cache: 'a_responses', model: 'm', key: 'k' };
const VALUE = Buffer.from('value');

let redis: RedisServer;
const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  process.on('unhandledRejection', onRejection);
  redis = await RedisServer.start();
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
  await redis.client.flushall();
  // What was rejected in this turn of the loop is known to be unhandled after it.
  await nextTurn();
  expect(rejections.splice(0)).toEqual([]);
});
afterAll(async () => {
  process.off('unhandledRejection', onRejection);
  await redis.close();
});

/** Behind a breaker that never opens, so that every command is tried on every connection. */
async function tier(config: Record<string, unknown>) {
  const purged: unknown[] = [];
  const events: unknown[] = [];
  const parsed = configSchema.parse({ redis: config }).redis;
  if (parsed === undefined) throw new Error('no Redis is configured');
  const started = new RedisTier({
    config: parsed,
    breaker: breakerOf({ minimum_calls: 10_000 }).breaker,
    onEvent: (type, detail) => events.push([type, detail]),
    onPurged: (scope) => purged.push(scope),
  });
  open.push(started);
  await started.start();
  return { tier: started, purged, events };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Everything that a gateway asks of it, at once. */
async function askAll(used: RedisTier): Promise<void> {
  // While it is not connected nothing below takes a turn of the loop.
  await nextTurn();
  used.set(KEY, VALUE, 60_000);
  used.remove({ ...KEY, key: 'another' });
  await Promise.all([
    used.get([KEY]),
    used.get([KEY, { ...KEY, key: 'second' }]),
    used.info(),
    used.purge({ model: 'm' }),
  ]);
}

async function hearsOthers(purged: readonly unknown[]): Promise<void> {
  const other = await tier({ url: redis.url });
  const scope = { model: 'told by another' };
  expect(await other.tier.purge(scope)).toEqual([]);
  await until(() => purged.some((each) => JSON.stringify(each) === JSON.stringify(scope)));
}

describe('connections that are reset', () => {
  it.each<[string, RegExp | 'connect']>([
    ['as they are opened', 'connect'],
    ['at authentication', /auth/i],
    ['as the client names itself', /setname/i],
    ['at the check whether Redis is ready', /info/i],
    ['as it subscribes', /subscribe/i],
    ['as it asks for purges that it missed', /lrange/i],
    ['while it reads', /get/i],
    ['while it writes or removes', /(set|unlink)\r/i],
    ['as a purge is noted or told', /(lpush|ltrim|publish)/i],
    ['as a purge looks for keys', /scan/i],
  ])('%s', async (_, trap) => {
    const proxy = await ResettingProxy.start(redis.port);
    open.push(proxy);
    const { tier: used, purged } = await tier({ url: proxy.url, password: 'none is needed' });
    await until(() => used.isConnected);
    await askAll(used);
    proxy.trap = trap;
    const before = proxy.resets;
    proxy.resetAll();
    while (proxy.resets - before < RESETS) {
      if (used.isConnected && trap !== 'connect') proxy.resetAll();
      await askAll(used);
    }
    proxy.trap = null;
    await until(() => used.isConnected);
    await hearsOthers(purged);
  });

  it('at any moment: purges that were missed are made up for', async () => {
    const proxy = await ResettingProxy.start(redis.port);
    open.push(proxy);
    const { tier: used, purged } = await tier({ url: proxy.url });
    const other = await tier({ url: redis.url });
    await until(() => used.isConnected && other.tier.isConnected);
    for (let round = 0; round < 20; round += 1) {
      const running = askAll(used);
      await nextTurn();
      proxy.resetAll();
      await Promise.all([running, other.tier.purge({ cache: `round ${round}` })]);
    }
    await until(() => purged.length === 20);
    await until(() => used.isConnected);
    await until(async () => (await used.purge({})) !== null);
  });

  it('in a Cluster, where a redirection leads to a node that is away', async () => {
    const away = await freePort();
    const node = await scripted((name, args) => {
      if (name === 'GET') return `-ASK 1 127.0.0.1:${away}`;
      if (name !== 'CLUSTER' || args[0]?.toUpperCase() !== 'SLOTS') return null;
      const port = Number(new URL(node.url).port);
      return `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:${port}`;
    });
    const { tier: used } = await tier({ cluster: [node.url] });
    await until(() => used.isConnected);
    for (let i = 0; i < 5; i += 1) expect(await used.get([KEY])).toEqual([null]);
  });
});

async function scripted(script: RedisScript): Promise<ScriptedRedis> {
  const started = await ScriptedRedis.start(script);
  open.push(started);
  return started;
}

describe('a Redis that refuses', () => {
  const WRITES = ['SET', 'LPUSH', 'LTRIM', 'UNLINK'];

  it.each([
    ['OOM command not allowed', 'full'],
    ['READONLY You can not write against a read only replica.', 'read-only'],
    ['MISCONF Redis is configured to save RDB snapshots', 'disk'],
    ['NOREPLICAS Not enough good replicas to write.', 'replicas'],
  ])('writes (%s): it is still read, and they rest', async (answer, trouble) => {
    const server = await scripted((name) => (WRITES.includes(name) ? `-${answer}` : null));
    const { tier: used, events } = await tier({ url: server.url });
    await until(() => used.available);
    await askAll(used);
    await until(() => used.writeTrouble === trouble);
    expect(events).toContainEqual(['redis_writes_refused', { reason: trouble }]);
    const before = server.seen.length;
    await until(async () => {
      await used.get([KEY]);
      return server.seen.slice(before).includes('GET');
    });
  });

  it('everything while it loads: no promise is lost, and it is used when it has loaded', async () => {
    let isLoading = true;
    const server = await scripted((name) =>
      isLoading && name !== 'CLIENT' ? '-LOADING Redis is loading the dataset in memory' : null,
    );
    const { tier: used } = await tier({ url: server.url });
    for (let i = 0; i < 3; i += 1) await askAll(used);
    isLoading = false;
    await until(() => used.available);
    await askAll(used);
    await until(() => server.seen.includes('SUBSCRIBE'));
  });

  it('to let it subscribe at first: it asks again', async () => {
    let refusals = 0;
    const server = await scripted((name) => {
      if (name !== 'SUBSCRIBE' || refusals >= 2) return null;
      refusals += 1;
      return '-NOPERM this user has no permissions to access one of the channels';
    });
    await tier({ url: server.url });
    await until(() => server.seen.filter((name) => name === 'SUBSCRIBE').length === 3);
    await until(() => server.seen.includes('LRANGE'));
  });
});

describe('a gateway', () => {
  it('answers every request while its Redis resets connections', async () => {
    const u = await ScriptedUpstream.start((_, res) =>
      json(res, {
        id: 'x',
        choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
      }),
    );
    open.push(u);
    const proxy = await ResettingProxy.start(redis.port);
    open.push(proxy);
    const g = await startGateway({
      upstreams: [{ name: 'a', kind: 'openai', url: `${u.url}/v1` }],
      redis: { url: proxy.url },
    });
    open.push(g);
    for (let round = 0; round < 20; round += 1) {
      const running = [
        ask(g, `${round}`),
        ask(g, 'same'),
        g.runtime.cache.purge({}),
        g.runtime.cacheMetrics(),
      ];
      await nextTurn();
      proxy.resetAll();
      await Promise.all(running);
    }
    await until(() => g.runtime.cache.remote?.available === true);
  });
});

async function ask(g: TestGateway, content: string): Promise<void> {
  const body = { model: 'm', temperature: 0, messages: [{ role: 'user', content }] };
  const answer = await post(`${g.url}/v1/chat/completions`, body);
  await answer.arrayBuffer();
  expect(answer.status).toBe(200);
}
