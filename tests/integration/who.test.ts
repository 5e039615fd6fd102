/** Who is who: whose answers are whose, whose credential goes where, and which host a request is for. */
import net from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '#lib/contracts/config.ts';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream, type SeenRequest } from '../support/scripted-upstream.ts';

const CHAT = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'Who am I?' }] };
const KEY = 'a-key-of-the-gateway';
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A gateway over an upstream that says under which value of a header it was asked. */
async function gateway({
  config = {},
  apiKey,
  kind = 'openai',
  says = () => 'x',
  before = async () => {},
}: {
  config?: object;
  apiKey?: string;
  kind?: string;
  says?: (seen: SeenRequest) => string;
  before?: () => Promise<void>;
}): Promise<{ g: TestGateway; upstream: ScriptedUpstream }> {
  const upstream = await ScriptedUpstream.start(async (seen, res) => {
    await before();
    const message = { role: 'assistant', content: says(seen) };
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ id: 'c', choices: [{ index: 0, message, finish_reason: 'stop' }] }));
  });
  closers.push(() => upstream.close());
  const own = apiKey === undefined ? {} : { api_key: apiKey };
  const g = await startGateway({ upstreams: [{ name: 'a', kind, url: upstream.url, ...own }], ...config });
  closers.push(() => g.close());
  return { g, upstream };
}

async function ask(g: TestGateway, headers: Record<string, string> = {}) {
  const answer = await post(`${g.url}/v1/chat/completions`, CHAT, headers);
  const body = (await answer.json()) as { choices: { message: { content: string } }[] };
  return { said: body.choices[0]?.message.content, cache: answer.headers.get('x-cache') };
}

describe('an answer', () => {
  it.each([
    'x-goog-api-key',
    'ocp-apim-subscription-key',
    'x-litellm-api-key',
    'helicone-auth',
    'x-portkey-provider',
    'x-portkey-config',
    'x-litellm-tags',
    'x-made-up-by-somebody',
  ])('is never given to a caller with another %s, kept or on its way', async (name) => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { g, upstream } = await gateway({
      says: ({ headers }) => String(headers[name]),
      before: () => gate,
    });
    const both = [ask(g, { [name]: 'A' }), ask(g, { [name]: 'B' })];
    await expect.poll(() => upstream.seen.length).toBe(2);
    open();
    expect((await Promise.all(both)).map(({ said }) => said)).toEqual(['A', 'B']);
    expect(await ask(g, { [name]: 'B' })).toEqual({ said: 'B', cache: 'hit' });
    expect(await ask(g, { [name]: 'A' })).toEqual({ said: 'A', cache: 'hit' });
  });

  it('is shared by callers that differ in what is harmless', async () => {
    const { g } = await gateway({});
    expect((await ask(g, { 'x-request-id': '1', traceparent: 'a', 'x-stainless-lang': 'js' })).cache).toBe(
      'miss',
    );
    const other = {
      'x-request-id': '2',
      'idempotency-key': 'b',
      'user-agent': 'curl',
      'x-forwarded-for': '::1',
    };
    expect((await ask(g, other)).cache).toBe('hit');
  });
});

describe('the credentials of a client', () => {
  const OTHERS = {
    'x-goog-api-key': 'g',
    'api-key': 'a',
    'ocp-apim-subscription-key': 'o',
    'x-amz-security-token': 'z',
  };
  const names = [...Object.keys(OTHERS), 'x-api-key', 'authorization', 'cookie', 'proxy-authorization'];
  const seenOf = ({ seen }: ScriptedUpstream) =>
    Object.fromEntries(
      names.flatMap((name) => (seen.at(-1)?.headers[name] ? [[name, seen.at(-1)?.headers[name]]] : [])),
    );

  it.each(['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'])(
    'admit in %s and stay here when they are asked for',
    async (name) => {
      const { g, upstream } = await gateway({ config: { auth: { api_keys: [KEY] } } });
      const value = name === 'authorization' ? `Bearer ${KEY}` : KEY;
      expect((await ask(g, { ...OTHERS, 'x-tenant': 't', [name]: value })).said).toBe('x');
      expect(seenOf(upstream)).toEqual({});
      expect(upstream.seen[0]?.headers['x-tenant']).toBe('t');
      const refused = await post(`${g.url}/v1/chat/completions`, CHAT, { [name]: `${value}x` });
      expect([refused.status, (await refused.text()).includes(KEY)]).toEqual([401, false]);
    },
  );

  it('stay here beside a key of ours', async () => {
    const { g, upstream } = await gateway({ apiKey: 'ours' });
    await ask(g, { ...OTHERS, authorization: 'Bearer theirs', cookie: 'a=1', 'x-api-key': 'x' });
    expect(seenOf(upstream)).toEqual({ authorization: 'Bearer ours' });
  });

  it('go on where neither holds', async () => {
    const { g, upstream } = await gateway({});
    await ask(g, { ...OTHERS, authorization: 'Bearer theirs' });
    expect(seenOf(upstream)).toEqual({ ...OTHERS, authorization: 'Bearer theirs' });
  });

  it('stay here when they are the admin token, sent to the wrong place', async () => {
    const { g, upstream } = await gateway({ config: { auth: { admin_token: KEY } } });
    for (const given of [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }]) {
      await ask(g, given);
      expect(seenOf(upstream)).toEqual({});
    }
  });

  it('stay here in a management call, in its query too', async () => {
    const auth = { api_keys: [KEY] };
    const { g, upstream } = await gateway({ kind: 'ollama', config: { allow_model_management: true, auth } });
    await post(`${g.url}/api/pull?key=secret&verbose=1`, { model: 'm' }, { ...OTHERS, 'x-api-key': KEY });
    expect(upstream.seen[0]?.path).toBe('/api/pull?verbose=1');
    expect(seenOf(upstream)).toEqual({});
  });
});

describe('the console', () => {
  const upstreams = [{ name: 'a', kind: 'lab' }];
  const configWith = (admin_token?: string) =>
    configSchema.parse({ upstreams, auth: admin_token === undefined ? {} : { admin_token } });
  const cookieOf = ({ runtime }: TestGateway, token: string) => {
    const login = runtime.access.openSession(token, '192.0.2.1');
    return login.kind === 'open' ? login.cookie.split(';')[0] : undefined;
  };
  const lab = async () => {
    const g = await startGateway({ upstreams, auth: { admin_token: KEY } });
    closers.push(() => g.close());
    return g;
  };

  it('ends all sessions with the admin token, also when it comes back', async () => {
    const g = await lab();
    const cookie = cookieOf(g, KEY);
    const admits = () => g.runtime.access.admits({ cookie, authorization: undefined });
    expect(admits()).toBe(true);
    await g.runtime.reload(configWith(KEY));
    expect(admits()).toBe(true);
    await g.runtime.reload(configWith('another-admin-token'));
    expect(admits()).toBe(false);
    await g.runtime.reload(configWith(KEY));
    expect(admits()).toBe(false);
  });

  it('counts wrong tokens through a reload, and tells of them without saying them', async () => {
    const g = await lab();
    for (let n = 0; n < 5; n += 1) g.runtime.access.openSession(`guess-${n}`, '192.0.2.9');
    await g.runtime.reload(configWith(KEY));
    expect(g.runtime.access.openSession(KEY, '192.0.2.9').kind).toBe('refused');
    const { events } = g.runtime.events.query({ type: 'login_*', limit: 9 });
    expect(events.map(({ type, detail }) => ({ type, detail }))).toEqual([
      { type: 'login_refused', detail: { address: '192.0.2.9', tries: 1, wait_s: 0, left_out: 0 } },
      { type: 'login_locked', detail: { address: '192.0.2.9', tries: 5, wait_s: 1, left_out: 3 } },
    ]);
  });
});

describe('the host of a request', () => {
  let raw: (text: string) => Promise<string>;
  beforeAll(async () => {
    // Of its own, for the whole table.
    const g = await startGateway({ upstreams: [{ name: 'a', kind: 'lab' }] });
    raw = (text) =>
      new Promise((resolve, reject) => {
        let answer = '';
        const socket = net.connect(Number(new URL(g.url).port), '127.0.0.1', () => socket.write(text));
        socket.on('data', (chunk) => {
          answer += chunk;
        });
        socket.once('error', reject).once('close', () => resolve(answer));
      });
    return () => g.close();
  });

  const end = 'connection: close\r\n\r\n';
  const body = `content-type: application/json\r\n${end}{}`;
  it.each([
    ['two of them', `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n${end}`],
    ['the same twice', `GET /v1/models HTTP/1.1\r\nhost: localhost\r\nHOST: localhost\r\n${end}`],
    ['two, for the console', `GET /api/breakers HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n${end}`],
    ['none', `GET /v1/models HTTP/1.1\r\n${end}`],
    ['another in the target', `GET http://evil.example/v1/models HTTP/1.1\r\nHost: localhost\r\n${end}`],
    [
      'two lengths',
      `POST /api/chat HTTP/1.1\r\nHost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n${body}`,
    ],
    [
      'a length and chunks',
      `POST /api/chat HTTP/1.1\r\nHost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n${body}`,
    ],
  ])('%s: 400, and the connection ends', async (_, text) => {
    const answer = await raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { code: 'bad_request' },
    });
  });

  it.each([
    ['one', `GET /v1/models HTTP/1.1\r\nHost: localhost\r\n${end}`],
    ['the same in the target', `GET http://localhost/elsewhere HTTP/1.1\r\nHost: LOCALHOST\r\n${end}`],
  ])('%s is as it should be', async (_, text) => expect(await raw(text)).not.toMatch(/^HTTP\/1\.1 400 /));
});
