/** The production build as a process: start, the state that all parts share, and the end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { follow } from '../support/event-client.ts';
import { post } from '../support/gateway.ts';
import { json, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { openaiScript } from '../support/scripts.ts';
import { failServer, type RunningServer, startServer } from '../support/server.ts';

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'say it' }] };
const configOf = (upstream: ScriptedUpstream, more: object = {}) => ({
  upstreams: [{ name: 'up', kind: 'openai', url: `${upstream.url}/v1` }],
  ...more,
});

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(openaiScript);
});
afterAll(() => upstream.close());

describe('a running server', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer({ config: configOf(upstream) });
  });
  afterAll(async () => {
    await server.stop();
  });
  const get = async (path: string) =>
    (await fetch(`${server.url}${path}`)).json() as Promise<Record<string, unknown>>;

  it('shows one state to route handlers and to the data plane', async () => {
    expect((await post(`${server.url}/v1/chat/completions`, CHAT)).status).toBe(200);
    expect(await get('/api/breakers/up.chat')).toMatchObject({ state: 'closed', window: { calls: 1 } });

    const tripped = await post(`${server.url}/api/breakers/up.chat/trip`, { reason: 'test', duration_s: 60 });
    expect(await tripped.json()).toMatchObject({
      name: 'up.chat',
      state: 'open',
      hold: { mode: 'open', reason: 'test', by: 'local' },
    });
    const refused = await post(`${server.url}/v1/chat/completions`, CHAT);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await refused.json()).toMatchObject({ error: { code: 'circuit_open' } });
    expect(await get('/api/breakers/up.chat')).toMatchObject({ window: { rejected: 1 } });

    await post(`${server.url}/api/breakers/up.chat/reset`, {});
    expect((await post(`${server.url}/v1/chat/completions`, CHAT)).status).toBe(200);
    const { transitions } = await get('/api/breakers/up.chat/transitions');
    expect((transitions as { cause: string }[]).map((each) => each.cause)).toEqual(['reset', 'trip']);
  });

  it('reads bodies for the console within limits, whatever their handlers take of them', async () => {
    const trip = `${server.url}/api/breakers/up.chat/trip`;
    const large = await post(trip, 'x'.repeat(20_000_001));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: { code: 'body_too_large' } });
    const pad = ' '.repeat(5_000_000);
    for (const path of ['/api/breakers', '/login', '/api/unknown']) {
      const { status } = await post(`${server.url}${path}`, pad);
      expect(status, path).toBeLessThan(500);
    }
    const deep = await post(trip, '['.repeat(5_000) + ']'.repeat(5_000));
    expect(deep.status).toBe(400);
    expect(await deep.json()).toMatchObject({
      error: {
        code: 'invalid_json',
        message: 'The request body is nested 5000 levels deep; at most 256 are allowed',
      },
    });
    const shown = await fetch(`${server.url}/metrics`).then((answer) => answer.text());
    expect(shown).toMatch(/^switchgear_request_body_bytes 0$/m);
  });

  it('drives the sandbox and resets it', async () => {
    const path = '/api/test/circuit-breaker';
    const answer = await post(`${server.url}${path}/trigger-failure/test?failure_count=4`, '');
    const result = (await answer.json()) as { final_state: string; test_results: unknown[] };
    expect([result.final_state, result.test_results.length]).toEqual(['open', 5]);
    expect(await get(`${path}/status`)).toMatchObject({
      test: { state: 'open', failure_count: 4 },
      'up.chat': { state: 'closed' },
    });
    expect(await (await post(`${server.url}${path}/reset/test`, '')).json()).toEqual({
      status: 'reset',
      component: 'test',
    });
    for (const count of ['0', '101', 'x']) {
      expect(
        (await post(`${server.url}${path}/trigger-failure/test?failure_count=${count}`, '')).status,
      ).toBe(400);
    }
    expect((await post(`${server.url}${path}/reset/nope`, '')).status).toBe(404);
  });

  it('changes settings whole or not at all', async () => {
    const patch = (body: object) =>
      fetch(`${server.url}/api/breakers/up.chat/settings`, { method: 'PATCH', body: JSON.stringify(body) });
    expect(await (await patch({ window_s: 30 })).json()).toMatchObject({
      settings: { window_s: 30, open_s: 15 },
    });
    const bad = await patch({ window_s: 20, failure_rate_percent: 101 });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({
      error: { code: 'bad_request', details: [{ path: 'failure_rate_percent' }] },
    });
    expect(await get('/api/breakers/up.chat')).toMatchObject({ settings: { window_s: 30 } });
  });

  it('answers unknown paths, methods and bodies with the envelope', async () => {
    const nope = await fetch(`${server.url}/api/nope`);
    expect([nope.status, await nope.json()]).toMatchObject([404, { error: { code: 'not_found' } }]);
    const put = await fetch(`${server.url}/api/breakers/up.chat/trip`, { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST']);
    const garbage = await post(`${server.url}/api/breakers/up.chat/trip`, '{');
    expect(await garbage.json()).toMatchObject({ error: { code: 'invalid_json' } });
    const large = await post(`${server.url}/api/breakers/up.chat/trip`, { reason: 'x'.repeat(70_000) });
    expect(large.status).toBe(413);
  });

  it('keeps other sites and other hosts out', async () => {
    const trip = (headers: Record<string, string>) =>
      post(`${server.url}/api/breakers/test/trip`, {}, headers);
    expect((await trip({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await trip({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await trip({ origin: server.url })).status).toBe(200);
    expect(await rawStatus(server, 'evil.example')).toBe(403);
  });

  it('refuses faults on real upstreams, and names unknown ones', async () => {
    const fault = { upstream: 'up', kind: 'error', duration_s: 1 };
    expect((await post(`${server.url}/api/lab/faults`, fault)).status).toBe(403);
    expect((await post(`${server.url}/api/lab/faults`, { ...fault, upstream: 'x' })).status).toBe(404);
  });

  it('takes a changed configuration live, and keeps the old one when the new one is bad', async () => {
    const file = join(server.folder, 'switchgear.yaml');
    writeFileSync(
      file,
      JSON.stringify({ upstreams: [{ name: 'other', kind: 'openai', url: `${upstream.url}/v1` }] }),
    );
    const names = async () =>
      ((await get('/api/upstreams')).upstreams as { name: string }[]).map((each) => each.name);
    await expect.poll(names, { timeout: 10_000 }).toEqual(['other']);
    writeFileSync(file, '{ "upstreams": 5 }');
    await expect.poll(() => server.output(), { timeout: 10_000 }).toContain('configuration refused');
    expect(await names()).toEqual(['other']);
    expect((await post(`${server.url}/v1/chat/completions`, CHAT)).status).toBe(200);
  });
});

describe('the end', () => {
  it('lets running requests end on SIGTERM and exits 0', async () => {
    let finish = () => {};
    const slow = await ScriptedUpstream.start((_request, res) => {
      finish = () => json(res, { choices: [] });
    });
    const server = await startServer({ config: configOf(slow) });
    const pending = post(`${server.url}/v1/chat/completions`, CHAT);
    await expect.poll(() => slow.seen.length).toBe(1);
    const code = server.stop();
    await expect.poll(() => server.output()).toContain('draining');
    finish();
    expect((await pending).status).toBe(200);
    expect(await code).toBe(0);
    await slow.close();
  });
});

describe('the last bytes', () => {
  it('of a large answer are written out after SIGTERM to a client that reads slowly, and it exits 0', async () => {
    const content = 'x'.repeat(24 * 1024 * 1024);
    const large = await ScriptedUpstream.start((_request, res) =>
      json(res, { choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] }),
    );
    const server = await startServer({ config: configOf(large) });
    const answer = await post(`${server.url}/v1/chat/completions`, CHAT);
    const code = server.stop();
    await expect.poll(() => server.output()).toContain('draining');
    const [whole, exit] = [await answer.text(), await code];
    expect([whole.length > content.length, whole.endsWith('}'), exit]).toEqual([true, true, 0]);
    await large.close();
  });
});

describe('with an admin token', () => {
  it('asks for it everywhere but at the door, and never shows it', async () => {
    const token = 'correct-horse-battery';
    const key = 'client-key-123';
    const server = await startServer({
      config: configOf(upstream, { auth: { admin_token: token, api_keys: [key] } }),
    });
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${server.url}${path}`, { headers, redirect: 'manual' })).status;
    expect(await status('/api/breakers')).toBe(401);
    expect(await status('/api/breakers', { authorization: `Bearer ${token}` })).toBe(200);
    expect(await status('/')).toBe(302);
    expect(await status('/login')).toBe(200);
    expect(await status('/api/health/ready')).toBe(200);

    const number = await post(`${server.url}/api/session`, { token: 123_456_789 });
    expect([number.status, (await number.text()).includes('123456789')]).toEqual([400, false]);
    const wrong = await post(`${server.url}/api/session`, { token: 'wrong' });
    expect(wrong.status).toBe(401);
    const session = await post(`${server.url}/api/session`, { token });
    const cookie = session.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/);
    const opened = { cookie: cookie.split(';')[0] ?? '' };
    expect(await status('/', opened)).toBe(200);
    const stream = await follow(`${server.url}/api/stream`, { headers: opened });
    const leave = { ...opened, 'sec-fetch-site': 'same-origin' };
    await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: leave });
    await stream.ended;
    expect([await status('/', opened), await status('/api/breakers', opened)]).toEqual([302, 401]);

    expect((await post(`${server.url}/v1/chat/completions`, CHAT)).status).toBe(401);
    expect(
      (await post(`${server.url}/v1/chat/completions`, CHAT, { authorization: `Bearer ${key}` })).status,
    ).toBe(200);
    expect(upstream.seen.at(-1)?.headers.authorization).toBeUndefined();
    const guesses: number[] = [];
    for (let n = 0; n < 20; n += 1)
      guesses.push((await post(`${server.url}/api/session`, { token: `guess-${n}` })).status);
    expect(guesses.filter((each) => each === 401).length).toBeLessThan(10);
    const locked = await post(`${server.url}/api/session`, { token });
    expect([locked.status, Number(locked.headers.get('retry-after')) > 0]).toEqual([429, true]);
    await server.stop();
    expect(server.output()).toContain('login_locked');
    expect(server.output()).not.toContain('guess-');
    expect(server.output()).toContain('login_refused');
    expect(server.output()).toContain('session_opened');
    expect(server.output()).not.toContain(token);
    expect(server.output()).not.toContain(key);
  });
});

describe('a start that cannot be', () => {
  it('says that the port is taken, and exits 69', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { code, output } = await failServer({ port: (taken.address() as AddressInfo).port });
    taken.close();
    expect([code, output.trim().split('\n').length]).toEqual([69, 1]);
    expect(output).toMatch(/cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)/);
  });

  it('names every fault of the configuration, and exits 78', async () => {
    const { code, output } = await failServer({
      config: { limits: { queue: -1 }, upstreams: [{ name: 'A', kind: 'x' }], nope: 1 },
    });
    expect(code).toBe(78);
    for (const path of ['limits.queue', 'upstreams[0].name', 'upstreams[0].kind', 'nope'])
      expect(output).toContain(path);
  });

  it('says that the data directory cannot be written, and exits 73', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'switchgear-'));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, output } = await failServer({ env: { SWITCHGEAR_DATA_DIR: join(file, 'data') } });
    rmSync(folder, { recursive: true });
    expect([code, output.trim().split('\n').length]).toEqual([73, 1]);
    expect(output).toContain('data directory');
  });

  it('does not listen to the world without a token, and exits 78', async () => {
    const { code, output } = await failServer({ env: { HOST: '0.0.0.0' } });
    expect(code).toBe(78);
    expect(output).toContain('admin_token');
  });
});

/** The status of a request with a `Host` of one's own, which fetch does not allow. */
function rawStatus(server: RunningServer, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.end(`GET /api/breakers HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
  });
}
