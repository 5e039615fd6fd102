/** Upstreams that end kept connections without a word: nothing is lost, nothing is done twice, nobody is blamed. */
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { answer, type TcpRequest, type TcpScript, TcpUpstream } from '../support/tcp-upstream.ts';

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const COMPLETION = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const MODELS = { object: 'list', data: [{ id: 'm', object: 'model' }] };
/** Longer than what counts as at once. */
const WORK_MS = 250;

// What is lost at once must be so on a busy machine too.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const each of open.splice(0).reverse()) await each.close();
});

/** An upstream that serves properly whatever `lose` does not take. */
async function upstream(lose: (request: TcpRequest, socket: Socket) => boolean) {
  const served: TcpRequest[] = [];
  const script: TcpScript = (request, socket) => {
    if (lose(request, socket)) return;
    served.push(request);
    answer(socket, request.method === 'GET' ? MODELS : COMPLETION);
  };
  const started = await TcpUpstream.start(script);
  open.push(started);
  return { url: started.url, seen: started.seen, sockets: started.sockets, served };
}

async function gateway(...urls: string[]): Promise<TestGateway> {
  const upstreams = urls.map((url, at) => ({
    name: `u${at}`,
    kind: 'openai',
    url: `${url}/v1`,
    connections: 32,
  }));
  const started = await startGateway({ upstreams });
  open.push(started);
  return started;
}

const chat = (g: TestGateway, more: object = {}) =>
  post(`${g.url}/v1/chat/completions`, { ...CHAT, ...more });
const windowOf = (g: TestGateway, component: string) =>
  g.runtime.breakers.require(component).snapshot().window;
const chats = (requests: readonly TcpRequest[]) => requests.filter(({ method }) => method === 'POST').length;

const ENDS: [string, (socket: Socket) => void][] = [
  ['resets', (socket) => void socket.resetAndDestroy()],
  ['closes', (socket) => void socket.destroy()],
  ['ends by half', (socket) => void socket.end()],
];

describe.each(ENDS)('an upstream that %s kept connections', (_name, end) => {
  it('on the second request: all are served over new ones, each once, and none counts as a failure', async () => {
    const u = await upstream(({ nth }, socket) => {
      if (nth === 0) return false;
      end(socket);
      return true;
    });
    const g = await gateway(u.url);
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => chat(g)));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      for (const each of answers) await each.text();
    }
    expect(chats(u.served)).toBe(60);
    expect(chats(u.seen)).toBeGreaterThan(60);
    expect(windowOf(g, 'u0.chat')).toMatchObject({ calls: 60, failures: 0 });
    for (let i = 0; i < 4; i += 1) {
      const list = await fetch(`${g.url}/v1/models`);
      expect([list.status, (await list.text()).includes('"m"')]).toEqual([200, true]);
    }
    expect(windowOf(g, 'u0.admin').failures).toBe(0);
    expect(g.runtime.upstreams()[0]?.in_flight).toBe(0);
  });

  it('right after an answer: all are served', async () => {
    const u = await upstream((request, socket) => {
      if (request.nth > 0) return false;
      u.served.push(request);
      answer(socket, COMPLETION);
      setImmediate(() => end(socket));
      return true;
    });
    const g = await gateway(u.url);
    for (let i = 0; i < 30; i += 1) {
      const answered = await chat(g);
      expect(answered.status).toBe(200);
      await answered.text();
    }
    expect(chats(u.served)).toBe(30);
    expect(windowOf(g, 'u0.chat')).toMatchObject({ calls: 30, failures: 0 });
  });
});

describe('a call whose connection is lost', () => {
  /** Serves the first call on a connection, and loses the second after it has worked on it. */
  const losing = (lose: (request: TcpRequest, socket: Socket) => void) =>
    upstream((request, socket) => {
      if (request.nth === 0) return false;
      lose(request, socket);
      return true;
    });
  const afterWork = (_request: TcpRequest, socket: Socket) => {
    vi.advanceTimersByTime(WORK_MS);
    setImmediate(() => socket.resetAndDestroy());
  };

  it('is not sent again after the upstream has worked on it, and counts as its failure', async () => {
    const u = await losing(afterWork);
    const g = await gateway(u.url);
    await (await chat(g)).text();
    expect((await chat(g)).status).toBe(502);
    expect(chats(u.seen)).toBe(2);
    expect(windowOf(g, 'u0.chat')).toMatchObject({ calls: 2, failures: 1 });
  });

  it('goes to another upstream then, once', async () => {
    const bad = await losing(afterWork);
    const good = await upstream(() => false);
    const g = await gateway(bad.url, good.url);
    await (await chat(g)).text();
    const second = await chat(g);
    expect([second.status, second.headers.get('x-switchgear-upstream')]).toEqual([200, 'u1']);
    expect([chats(bad.seen), chats(good.seen)]).toEqual([2, 1]);
  });

  it('is sent again whenever it was lost when it only reads', async () => {
    const u = await losing(afterWork);
    const g = await gateway(u.url);
    await (await chat(g)).text();
    const list = await fetch(`${g.url}/v1/models`);
    expect([list.status, (await list.text()).includes('"m"')]).toEqual([200, true]);
    expect(u.seen.map(({ method, connection }) => [method, connection])).toEqual([
      ['POST', 0],
      ['GET', 0],
      ['GET', 1],
    ]);
    expect(windowOf(g, 'u0.admin').failures).toBe(0);
  });

  it('is not sent again when the connection was new', async () => {
    const u = await upstream((_request, socket) => {
      socket.resetAndDestroy();
      return true;
    });
    const g = await gateway(u.url);
    expect((await chat(g)).status).toBe(502);
    expect(u.seen).toHaveLength(1);
    expect(windowOf(g, 'u0.chat')).toMatchObject({ calls: 1, failures: 1 });
  });

  it('is sent again once at most, and the second loss counts', async () => {
    const u = await upstream(({ connection, nth }, socket) => {
      if (connection === 0 && nth === 0) return false;
      socket.resetAndDestroy();
      return true;
    });
    const g = await gateway(u.url);
    await (await chat(g)).text();
    expect((await chat(g)).status).toBe(502);
    expect(u.seen.map(({ connection, nth }) => [connection, nth])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ]);
    expect(windowOf(g, 'u0.chat')).toMatchObject({ calls: 2, failures: 1 });
  });

  it('is not sent again after the first byte of an answer', async () => {
    const u = await losing((_request, socket) => void socket.end('HTTP/1.1 2'));
    const g = await gateway(u.url);
    await (await chat(g)).text();
    expect((await chat(g)).status).toBe(502);
    expect(chats(u.seen)).toBe(2);
  });

  it('is sent again over a new connection though other kept ones are free and as dead', async () => {
    const u = await losing((_request, socket) => void socket.resetAndDestroy());
    const g = await gateway(u.url);
    await Promise.all(Array.from({ length: 8 }, async () => (await chat(g)).text()));
    const kept = u.sockets.length;
    expect((await chat(g)).status).toBe(200);
    expect(u.seen.slice(-2).map(({ nth }) => nth)).toEqual([1, 0]);
    expect(u.sockets).toHaveLength(kept + 1);
  });

  it('counts as no call of its own: another failure may still go to another upstream', async () => {
    const bad = await upstream(({ connection, nth }, socket) => {
      if (nth === 0 && connection === 0) return false;
      if (nth > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n');
      return true;
    });
    const good = await upstream(() => false);
    const g = await gateway(bad.url, good.url);
    await (await chat(g)).text();
    const second = await chat(g);
    expect([second.status, second.headers.get('x-switchgear-upstream')]).toEqual([200, 'u1']);
    expect(chats(bad.seen)).toBe(3);
  });
});

describe('management', () => {
  const managed = async (u: { url: string }) => {
    const started = await startGateway({
      upstreams: [{ name: 'a', kind: 'ollama', url: u.url }],
      allow_model_management: true,
    });
    open.push(started);
    return started;
  };

  it('is never sent again once its body was read, and without a body is when it only asks', async () => {
    const u = await upstream(({ nth }, socket) => {
      if (nth === 0) return false;
      socket.resetAndDestroy();
      return true;
    });
    const g = await managed(u);
    const version = () => fetch(`${g.url}/api/version`).then((each) => each.text());
    await version();
    const blob = await fetch(`${g.url}/api/blobs/sha256:0`, { method: 'HEAD' });
    expect(blob.status).toBe(200);
    await version();
    await post(`${g.url}/api/pull`, { model: 'm' }).catch(() => null);
    expect(u.seen.filter(({ path }) => path === '/api/pull')).toHaveLength(1);
    await expect.poll(() => g.runtime.upstreams()[0]?.in_flight).toBe(0);
  });
});
