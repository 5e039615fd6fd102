/** Reloads of a running gateway: what they may not open, what they tell first, and that one which fails changes nothing. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestOf } from '#lib/config/content.ts';
import { loadConfig } from '#lib/config/load.ts';
import { type ConfigWatcher, watchConfig } from '#lib/config/watch.ts';
import { type Config, configSchema } from '#lib/contracts/config.ts';
import type { LabUpstream } from '#lib/lab/upstream.ts';
import { beginnings, completeConfig, ENV, KEYS, TOKEN } from '../support/complete-config.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { RedisServer } from '../support/redis.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript, openaiScript } from '../support/scripts.ts';

const ANYONE = {
  method: 'GET',
  host: '127.0.0.1',
  origin: undefined,
  authorization: undefined,
  cookie: undefined,
  address: '127.0.0.1',
  secFetchSite: undefined,
};
const chat = (g: TestGateway, model: string, key?: string) =>
  post(
    `${g.url}/v1/chat/completions`,
    { model, messages: [{ role: 'user', content: 'x' }] },
    key === undefined ? {} : { authorization: `Bearer ${key}` },
  );
const eventsOf = (g: TestGateway, type: string) => g.runtime.events.query({ type, limit: 1_000 }).events;
/** As the server does it. */
const offer = (g: TestGateway, config: Config) =>
  g.runtime.reload(config).catch((thrown: Error) => g.runtime.refuseReload(thrown));

describe.each([
  ['with its token', true, '127.0.0.1', {}],
  ['on 0.0.0.0 with a token from the environment', false, '0.0.0.0', { SWITCHGEAR_ADMIN_TOKEN: TOKEN }],
] as const)('a gateway whose file, %s, is cut', (_what, hasToken, host, more) => {
  let ollama: ScriptedUpstream;
  let openai: ScriptedUpstream;
  let redis: RedisServer;
  let g: TestGateway;
  let cwd: string;
  let text: string;
  const load = (content: Buffer) => loadConfig({ env: { ...ENV, ...more }, cwd, content }).config;

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'switchgear-reload-'));
    ollama = await ScriptedUpstream.start(ollamaScript);
    openai = await ScriptedUpstream.start(openaiScript);
    redis = await RedisServer.start();
    text = completeConfig(
      {
        listen: `{ host: ${host}, port: 8003 }`,
        ollama: ollama.url,
        openai: `${openai.url}/v1`,
        redis: redis.url,
      },
      ['listen', 'redis', 'upstreams', 'auth', 'rest'],
      hasToken,
    );
    const { listen: _, ...config } = load(Buffer.from(text));
    g = await startGateway({ ...config, listen: { host, port: 8003 } });
  });

  afterAll(async () => {
    for (const each of [g, ollama, openai, redis]) await each.close();
    rmSync(cwd, { recursive: true });
  });

  async function expectGuarded(what: string): Promise<void> {
    expect((await chat(g, 'm')).status, what).toBe(401);
    expect(g.runtime.access.checkControl(ANYONE), what).toMatchObject({ code: 'unauthorized' });
    for (const model of ['m', 'gpt-x']) {
      const answer = await chat(g, model, KEYS[0]);
      expect(['local', 'hosted'], what).toContain(answer.headers.get('x-switchgear-upstream'));
    }
  }

  it('asks for keys and the token, and lets no lab answer, at each beginning that is valid', async () => {
    const whole = load(Buffer.from(text));
    const distinct = new Map<string, Config>();
    for (const content of beginnings(text)) {
      try {
        const config = load(content);
        distinct.set(JSON.stringify(config), config);
      } catch {
        // The unit test walks those that are not valid.
      }
    }
    for (const config of distinct.values()) {
      await offer(g, config);
      await expectGuarded(JSON.stringify(config));
      await g.runtime.reload(whole);
    }
    expect(eventsOf(g, 'config_refused').length).toBeGreaterThan(3);
    expect(eventsOf(g, 'config_reloaded').length).toBeGreaterThan(distinct.size);
    expect(JSON.stringify(eventsOf(g, 'config_*'))).not.toMatch(/client-key|correct-horse|upstream-key/);
  }, 60_000);

  describe('or otherwise destroyed', () => {
    let file: string;
    let watcher: ConfigWatcher;

    beforeEach(() => {
      file = join(cwd, 'switchgear.yaml');
      writeFileSync(file, text);
      watcher = watchConfig({
        path: file,
        current: digestOf(readFileSync(file)),
        load,
        onChange: (config) => void offer(g, config),
        onRejected: (thrown) => g.runtime.refuseReload(thrown),
        intervalMs: 5,
        stillMs: 10,
      });
    });

    afterEach(() => {
      watcher.close();
      rmSync(file, { recursive: true, force: true });
    });

    it.each<[what: string, destroy: () => void]>([
      ['emptied', () => truncateSync(file)],
      ['deleted', () => rmSync(file)],
      ['an empty mapping', () => writeFileSync(file, '{}')],
      ['cut behind auth:', () => truncateSync(file, text.indexOf('auth:') + 5)],
      ['replaced by a directory', () => replace(() => mkdirSync(file))],
      ['replaced by a link to nothing', () => replace(() => symlinkSync('gone', file))],
      ['no longer text', () => writeFileSync(file, Buffer.from([0xff, 0xfe, 0, 0]))],
      ['huge', () => truncateSync(file, 2 ** 40)],
    ])('stays guarded: %s', async (what, destroy) => {
      const before = eventsOf(g, 'config_refused').length;
      destroy();
      await expect.poll(() => eventsOf(g, 'config_refused').length).toBe(before + 1);
      await expectGuarded(what);
    });

    function replace(make: () => void): void {
      rmSync(file);
      make();
    }
  });
});

describe('a reload', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const each of open.splice(0).reverse()) await each.close();
  });
  const upstream = async (script = openaiScript) => {
    const started = await ScriptedUpstream.start(script);
    open.push(started);
    return started;
  };
  const gateway = async (config: Record<string, unknown>, options: { ollamaUrl?: string } = {}) => {
    const started = await startGateway(config, options);
    open.push(started);
    return started;
  };
  const lab = { name: 'lab', kind: 'lab' };

  it('tells what it takes away before it is taken, with the calls that run there', async () => {
    const held: (() => void)[] = [];
    const u = await upstream((_request, res) => {
      held.push(() => json(res, { choices: [] }));
    });
    const up = { name: 'up', kind: 'openai', url: u.url };
    const g = await gateway({ upstreams: [up, { ...up, name: 'other' }], auth: { api_keys: [...KEYS] } });
    const running = chat(g, 'm', KEYS[0]);
    await expect.poll(() => held.length).toBe(1);
    let upstreamsThen: string[] = [];
    g.runtime.events.subscribe(({ type }) => {
      if (type === 'config_takes_away') upstreamsThen = g.runtime.upstreams().map(({ name }) => name);
    });
    await g.runtime.reload(
      configSchema.parse({ upstreams: [{ ...up, name: 'other' }], auth: { api_keys: [KEYS[0]] } }),
    );
    expect(upstreamsThen).toEqual(['up', 'other']);
    expect(eventsOf(g, 'config_*').map(({ type }) => type)).toEqual([
      'config_needs_restart',
      'config_takes_away',
      'config_reloaded',
    ]);
    expect(eventsOf(g, 'config_takes_away')[0]?.detail).toEqual({
      message: 'upstream up removed (1 in flight), auth.api_keys removed (1)',
      taken: [
        { path: 'upstreams', change: 'removed', upstream: { name: 'up', in_flight: 1, queued: 0 } },
        { path: 'auth.api_keys', change: 'removed', count: 1 },
      ],
    });
    for (const finish of held) finish();
    await running;
  });

  it('names each path that it may not loosen', async () => {
    const u = await upstream();
    const up = { name: 'up', kind: 'openai', url: `${u.url}/v1` };
    const g = await gateway({ upstreams: [up], auth: { admin_token: TOKEN, api_keys: [...KEYS] } });
    await offer(g, configSchema.parse({}));
    const [refused] = eventsOf(g, 'config_refused');
    expect(refused?.detail).toMatchObject({
      message: expect.stringMatching(/^A reload may not loosen access: auth.admin_token: missing; /),
      faults: [
        { path: 'auth.admin_token', value: 'missing' },
        { path: 'auth.api_keys', value: 'missing' },
        { path: 'upstreams', value: 'missing' },
      ],
    });
    const { listen, ...rest } = g.runtime.config();
    await g.runtime.reload({
      listen,
      ...rest,
      auth: { admin_token: TOKEN, api_keys: [], allow_anonymous: true },
    });
    expect((await chat(g, 'm')).status).toBe(200);
  });

  it('that fails before it begins leaves the old configuration whole', async () => {
    const u = await upstream();
    const up = { name: 'up', kind: 'openai', url: `${u.url}/v1`, connections: 8 };
    const g = await gateway({ upstreams: [up], auth: { api_keys: [...KEYS] } });
    const before = g.runtime.config();
    const startLab = g.runtime.lab.startLab.bind(g.runtime.lab);
    const started: LabUpstream[] = [];
    vi.spyOn(g.runtime.lab, 'startLab').mockImplementation(async (name) => {
      if (name === 'second') throw new Error('no room');
      const first = await startLab(name);
      started.push(first);
      return first;
    });
    const wanted = configSchema.parse({
      upstreams: [{ ...up, connections: 2 }, lab, { ...lab, name: 'second' }],
      auth: { api_keys: ['another-key-1'] },
      redis: { url: 'redis://127.0.0.1:1' },
    });
    await expect(g.runtime.reload(wanted)).rejects.toThrow('no room');
    expect(g.runtime.config()).toBe(before);
    expect(g.runtime.upstreams()).toMatchObject([{ name: 'up', connections: 8 }]);
    expect([g.runtime.cache.remote, eventsOf(g, 'config_*')]).toEqual([null, []]);
    expect((await chat(g, 'm', KEYS[0])).status).toBe(200);
    expect((await chat(g, 'm', 'another-key-1')).status).toBe(401);
    expect(await Promise.all(started.map(({ exited }) => exited))).toEqual([null]);
    // The one that failed is in nobody's way.
    vi.restoreAllMocks();
    await g.runtime.reload({ ...wanted, redis: undefined });
    expect(g.runtime.upstreams().map(({ name }) => name)).toEqual(['up', 'lab', 'second']);
  });

  it('that fails after it has begun is told as what it is, with the new keys in force', async () => {
    const u = await upstream();
    const up = { name: 'up', kind: 'openai', url: `${u.url}/v1` };
    const g = await gateway({ upstreams: [up], auth: { api_keys: [...KEYS] } });
    vi.spyOn(g.runtime.answers, 'reconfigured').mockImplementationOnce(() => {
      throw new Error('no room');
    });
    await offer(g, configSchema.parse({ upstreams: [up], auth: { api_keys: ['another-key-1'] } }));
    const types = eventsOf(g, 'config_*').map(({ type }) => type);
    expect(types).toContain('config_incomplete');
    expect(types).not.toContain('config_reloaded');
    expect(types).not.toContain('config_refused');
    expect((await chat(g, 'm', KEYS[0])).status).toBe(401);
    expect((await chat(g, 'm', 'another-key-1')).status).toBe(200);
    // What is in force is what the next one is held against.
    await expect(g.runtime.reload(configSchema.parse({ upstreams: [up] }))).rejects.toThrow('auth.api_keys');
  });

  it('that comes while the server ends is refused, and one under way is waited for', async () => {
    const u = await upstream();
    const up = { name: 'up', kind: 'openai', url: `${u.url}/v1` };
    const g = await startGateway({ upstreams: [up] });
    const startLab = g.runtime.lab.startLab.bind(g.runtime.lab);
    const started: LabUpstream[] = [];
    vi.spyOn(g.runtime.lab, 'startLab').mockImplementation(async (name) => {
      const one = await startLab(name);
      started.push(one);
      return one;
    });
    const wanted = configSchema.parse({ upstreams: [up, lab] });
    const underWay = g.runtime.reload(wanted).catch((thrown: Error) => thrown.message);
    g.runtime.drain();
    const late = g.runtime.reload(wanted).catch((thrown: Error) => thrown.message);
    await g.close();
    expect(await Promise.all([underWay, late])).toEqual(Array(2).fill('The server is shutting down'));
    expect(await Promise.all(started.map(({ exited }) => exited))).toEqual([null, null]);
    expect(g.runtime.upstreams()).toEqual([]);
  });

  it('keeps an Ollama that was found, working while it is there, and when it is away', async () => {
    const ollama = await upstream(ollamaScript);
    const { url } = ollama;
    const g = await gateway({ upstreams: [] }, { ollamaUrl: url });
    const again = (memory_mb: number) =>
      g.runtime.reload(configSchema.parse({ upstreams: [], cache: { memory_mb } }));
    await again(20);
    const answer = await chat(g, 'm');
    expect([answer.status, answer.headers.get('x-switchgear-upstream')]).toEqual([200, 'ollama']);
    ollama.script = (_request, res) => void res.destroy();
    await again(30);
    expect(g.runtime.upstreams()).toMatchObject([{ name: 'ollama', lab: false }]);
    expect(g.runtime.notice).toContain(url);
  });
});
