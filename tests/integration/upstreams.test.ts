/** What an upstream is taken for, what management may do, and what the HTTP server refuses before anyone is asked. */
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BreakerRegistry } from '#lib/breaker/registry.ts';
import { configSchema } from '#lib/contracts/config.ts';
import { type Discovery, discoverUpstream } from '#lib/upstream/discovery.ts';
import { Upstreams } from '#lib/upstream/upstreams.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript } from '../support/scripts.ts';
import { freePort } from '../support/server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function upstream(script: Script): Promise<ScriptedUpstream> {
  const started = await ScriptedUpstream.start(script);
  open.push(started);
  return started;
}

async function gateway(config: Record<string, unknown>): Promise<TestGateway> {
  const started = await startGateway(config);
  open.push(started);
  return started;
}

describe('discovery', () => {
  const breakers = new BreakerRegistry({ now: Date.now, onTransition: () => {} });
  const upstreams = new Upstreams({
    now: Date.now,
    onUse: () => {},
    breakers,
    startLab: () => Promise.reject(new Error('no lab is needed')),
    onLabCrashed: () => {},
    gateOf: () => ({ dispatch: (pool, options, handler) => pool.dispatch(options, handler) }),
  });
  const discover = (url: string): Promise<Discovery> =>
    discoverUpstream((candidate) => upstreams.findsOllama(candidate), url);

  it('asks under leave of a breaker, and leaves none behind', async () => {
    const { url } = await upstream(ollamaScript);
    const asked: string[] = [];
    const end = upstreams.observe((component) => asked.push(component));
    await discover(url);
    end();
    expect(asked).toEqual(['ollama.admin']);
    expect(breakers.list().map(({ name }) => name)).toEqual(['test']);
  });

  it('serves from an Ollama that answers', async () => {
    const { url } = await upstream(ollamaScript);
    const found = await discover(url);
    expect(found.upstream).toMatchObject({ name: 'ollama', kind: 'ollama', url });
    expect(found.notice).toContain(url);
  });

  it('serves from the lab, and says that it is none, where nobody or something else answers', async () => {
    const other = await upstream((_request, res) => json(res, { hello: 'world' }));
    for (const url of [other.url, `http://127.0.0.1:${await freePort()}`]) {
      const found = await discover(url);
      expect(found.upstream).toMatchObject({ kind: 'lab' });
      expect(found.notice).toContain('no AI model');
    }
  });
});

describe('model management', () => {
  const managed = async (script: Script) => {
    const u = await upstream(script);
    const g = await gateway({
      upstreams: [{ name: 'a', kind: 'ollama', url: u.url }],
      allow_model_management: true,
    });
    return { u, g };
  };

  it('is refused unless allowed', async () => {
    const u = await upstream(ollamaScript);
    const g = await gateway({ upstreams: [{ name: 'a', kind: 'ollama', url: u.url }] });
    const answer = await post(`${g.url}/api/pull`, { model: 'm' });
    expect([answer.status, u.seen.length]).toEqual([403, 0]);
  });

  it('streams the progress of a pull', async () => {
    const { g } = await managed((_request, res) => {
      res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      res.write('{"status":"pulling manifest"}\n');
      res.end('{"status":"success"}\n');
    });
    const answer = await post(`${g.url}/api/pull`, { model: 'm' });
    expect(await answer.text()).toBe('{"status":"pulling manifest"}\n{"status":"success"}\n');
    expect(answer.headers.get('x-switchgear-upstream')).toBe('a');
    await expect.poll(() => g.runtime.upstreams()[0]?.in_flight).toBe(0);
  });

  it('hands on a delete with its body, and a large blob whole', async () => {
    const { u, g } = await managed((_request, res) => {
      res.writeHead(200).end();
    });
    const gone = await fetch(`${g.url}/api/delete`, {
      method: 'DELETE',
      body: JSON.stringify({ model: 'm' }),
    });
    expect([gone.status, u.seen[0]?.method, u.seen[0]?.json]).toEqual([200, 'DELETE', { model: 'm' }]);
    const blob = 'x'.repeat(12 * 1024 * 1024);
    expect((await post(`${g.url}/api/blobs/sha256:0`, blob)).status).toBe(200);
    expect(u.seen[1]?.text.length).toBe(blob.length);
  });
});

describe('a reload', () => {
  it('does not open to the network what needed a token at the start', async () => {
    const token = 'correct-horse-battery';
    const { url } = await upstream(ollamaScript);
    const upstreams = [{ name: 'a', kind: 'ollama', url }];
    const g = await gateway({ upstreams, listen: { host: '0.0.0.0' }, auth: { admin_token: token } });
    await expect(g.runtime.reload(configSchema.parse({ upstreams }))).rejects.toThrow(/admin_token/);
    const facts = {
      method: 'GET',
      host: 'x',
      origin: undefined,
      authorization: undefined,
      cookie: undefined,
      secFetchSite: undefined,
      address: '192.0.2.1',
    };
    expect(g.runtime.access.checkControl(facts)).toMatchObject({ code: 'unauthorized' });
  });

  it('lets those who wait for a connection go on to the upstream as it is now', async () => {
    const held: (() => void)[] = [];
    const u = await upstream((_request, res) => {
      held.push(() => json(res, { choices: [] }));
    });
    const config = (connections: number) => ({
      upstreams: [{ name: 'a', kind: 'openai', url: u.url, connections }],
    });
    const g = await gateway(config(1));
    const chat = () =>
      post(`${g.url}/v1/chat/completions`, { model: 'm', messages: [{ role: 'user', content: 'x' }] });
    const first = chat();
    await expect.poll(() => held.length).toBe(1);
    const second = chat();
    await expect.poll(() => g.runtime.upstreams()[0]?.queued).toBe(1);
    await g.runtime.reload(configSchema.parse(config(2)));
    await expect.poll(() => held.length).toBe(2);
    for (const finish of held) finish();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(g.runtime.breakers.require('a.chat').snapshot().window).toMatchObject({ calls: 2, failures: 0 });
  });

  it('takes the last of several that come at once', async () => {
    const { url } = await upstream(ollamaScript);
    const named = (name: string) => configSchema.parse({ upstreams: [{ name, kind: 'ollama', url }] });
    const g = await gateway({ upstreams: [{ name: 'a', kind: 'ollama', url }] });
    await Promise.all([
      g.runtime.reload(configSchema.parse({ upstreams: [{ name: 'b', kind: 'lab' }] })),
      g.runtime.reload(named('c')),
    ]);
    expect(g.runtime.upstreams().map((each) => each.name)).toEqual(['c']);
  });
});

describe('the server', () => {
  it('answers an offer to upgrade as a plain request', async () => {
    const { url } = await upstream(ollamaScript);
    const g = await gateway({ upstreams: [{ name: 'a', kind: 'ollama', url }] });
    const offer =
      'connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA';
    const answer = await sendRaw(
      Number(new URL(g.url).port),
      `GET /api/version HTTP/1.1\r\nhost: 127.0.0.1\r\n${offer}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('does not write an error into the middle of an answer', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}\n\n');
    });
    const g = await gateway({ upstreams: [{ name: 'a', kind: 'openai', url: u.url }] });
    const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] });
    const socket = net.connect(Number(new URL(g.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('one')) socket.write('\0garbage\r\n\r\n');
    });
    await new Promise((resolve) => socket.once('close', resolve));
    expect(text).toContain('one');
    expect(text).not.toContain('HTTP/1.1 400');
  });

  it('answers 431 to headers without measure, and 400 to what is no HTTP, in JSON', async () => {
    const g = await gateway({ upstreams: [] });
    const port = Number(new URL(g.url).port);
    const large = await sendRaw(
      port,
      `GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nx-pad: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(large).toMatch(/^HTTP\/1\.1 431 .*"code":"headers_too_large"/s);
    const garbage = await sendRaw(port, 'not http at all\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 .*"code":"bad_request"/s);
  });
});

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
