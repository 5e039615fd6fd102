/** What the gateway does when an upstream misbehaves, on real sockets. */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts';

const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const answering: Script = (_request, res) => json(res, COMPLETION);

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function upstream(script: Script): Promise<ScriptedUpstream> {
  const started = await ScriptedUpstream.start(script);
  open.push(started);
  return started;
}

async function gateway(
  upstreams: Record<string, unknown>[],
  rest: Record<string, unknown> = {},
): Promise<TestGateway> {
  const started = await startGateway({
    upstreams: upstreams.map((each) => ({ kind: 'openai', ...each })),
    ...rest,
  });
  open.push(started);
  return started;
}

const chunk = (content: string) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

async function errorOf(answer: Response): Promise<{ status: number; code: string; message: string }> {
  const body = (await answer.json()) as { error: { code: string; message: string } };
  return { status: answer.status, code: body.error.code, message: body.error.message };
}

const windowOf = (g: TestGateway, name: string) => g.runtime.breakers.require(name).snapshot().window;

describe('each timeout fails as its own kind', () => {
  it('connect: 502 upstream_unreachable', async () => {
    const { port, close } = await blackHole();
    open.push({ close });
    const g = await gateway([
      { name: 'a', url: `http://127.0.0.1:${port}/v1`, timeout: { connect_ms: 150 } },
    ]);
    const error = await errorOf(await post(`${g.url}/v1/chat/completions`, CHAT));
    expect(error).toMatchObject({ status: 502, code: 'upstream_unreachable' });
    expect(error.message).toContain('connection timed out');
    expect(windowOf(g, 'a.chat')).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('first byte: 504 upstream_timeout', async () => {
    const u = await upstream(() => {});
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, timeout: { first_byte_ms: 80 } }]);
    const error = await errorOf(await post(`${g.url}/v1/chat/completions`, CHAT));
    expect(error).toMatchObject({ status: 504, code: 'upstream_timeout' });
    expect(error.message).toContain('no first byte within 80 ms');
    await u.whenCancelled();
    expect(windowOf(g, 'a.chat')).toMatchObject({ failures: 1, timeouts: 1 });
  });

  it('first byte: headers alone are not a first byte', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, timeout: { first_byte_ms: 80 } }]);
    const error = await errorOf(await post(`${g.url}/v1/chat/completions`, { ...CHAT, stream: true }));
    expect(error).toMatchObject({ status: 504, code: 'upstream_timeout' });
  });

  it('idle between chunks: told inside the stream', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk('one'));
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, timeout: { idle_ms: 80 } }]);
    const answer = await post(`${g.url}/v1/chat/completions`, { ...CHAT, stream: true });
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).toContain('"content":"one"');
    expect(text).toContain('"code":"upstream_timeout"');
    expect(text).toContain('no further chunk within 80 ms');
    expect(text).not.toContain('[DONE]');
    await u.whenCancelled();
  });

  it('total: a stream that drips for ever is ended', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const drip = setInterval(() => res.write(chunk('.')), 10);
      res.on('close', () => clearInterval(drip));
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, timeout: { total_ms: 150 } }]);
    const text = await (await post(`${g.url}/v1/chat/completions`, { ...CHAT, stream: true })).text();
    expect(text).toContain('no complete answer within 150 ms');
    await u.whenCancelled();
  });
});

describe('fallback and retry', () => {
  it('goes to the next upstream when the first is unreachable', async () => {
    const u = await upstream(answering);
    const g = await gateway([
      { name: 'gone', url: `http://127.0.0.1:${await freePort()}/v1` },
      { name: 'here', url: `${u.url}/v1` },
    ]);
    const answer = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchgear-upstream')).toBe('here');
  });

  it.each([500, 503, 429, 408])('goes to the next upstream on %i', async (status) => {
    const bad = await upstream((_request, res) => json(res, { error: { message: 'no' } }, status));
    const good = await upstream(answering);
    const g = await gateway([
      { name: 'bad', url: `${bad.url}/v1` },
      { name: 'good', url: `${good.url}/v1` },
    ]);
    const answer = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect([answer.status, bad.seen.length, good.seen.length]).toEqual([200, 1, 1]);
  });

  it("passes the upstream's own 4xx through unchanged, without a retry, and without blaming the upstream", async () => {
    const body = {
      error: {
        message: 'no such parameter',
        type: 'invalid_request_error',
        param: 'x',
        code: 'unknown',
        extra: 1,
      },
    };
    const bad = await upstream((_request, res) => json(res, body, 422));
    const other = await upstream(answering);
    const g = await gateway([
      { name: 'bad', url: `${bad.url}/v1` },
      { name: 'other', url: `${other.url}/v1` },
    ]);
    const answer = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect([answer.status, await answer.json(), other.seen.length]).toEqual([422, body, 0]);
    expect(windowOf(g, 'bad.chat').failures).toBe(0);
  });

  it('passes a 429 through with its retry-after when nobody else can help, and counts it', async () => {
    const bad = await upstream((_request, res) =>
      json(res, { error: { message: 'slow down' } }, 429, { 'retry-after': '7' }),
    );
    const g = await gateway([{ name: 'bad', url: `${bad.url}/v1` }]);
    const answer = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect([answer.status, answer.headers.get('retry-after'), bad.seen.length]).toEqual([429, '7', 1]);
    expect(windowOf(g, 'bad.chat').failures).toBe(1);
  });

  it('tries once more at most', async () => {
    const scripts = await Promise.all(
      [1, 2, 3].map(() => upstream((_request, res) => json(res, { error: { message: 'no' } }, 500))),
    );
    const g = await gateway(scripts.map((each, i) => ({ name: `u${i}`, url: `${each.url}/v1` })));
    expect((await post(`${g.url}/v1/chat/completions`, CHAT)).status).toBe(500);
    expect(scripts.map((each) => each.seen.length)).toEqual([1, 1, 0]);
  });

  it('passes over an open upstream without a call, and refuses when all are open', async () => {
    const a = await upstream(answering);
    const b = await upstream(answering);
    const g = await gateway([
      { name: 'a', url: `${a.url}/v1` },
      { name: 'b', url: `${b.url}/v1` },
    ]);
    g.runtime.breakers.require('a.chat').trip({ by: 'test' });
    const answer = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect([answer.headers.get('x-switchgear-upstream'), a.seen.length]).toEqual(['b', 0]);
    g.runtime.breakers.require('b.chat').trip({ by: 'test', durationS: 30 });
    const refused = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect(Number(refused.headers.get('retry-after-ms'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await errorOf(refused)).toMatchObject({ status: 503, code: 'circuit_open' });
  });

  it('falls back when a stream breaks before its first event, not after', async () => {
    const early = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(': comment\n\n', () => res.destroy());
    });
    const late = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk('partial'), () => res.destroy());
    });
    const good = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end(`${chunk('whole')}data: [DONE]\n\n`);
    });
    const g = await gateway([
      { name: 'early', url: `${early.url}/v1`, models: ['early'] },
      { name: 'late', url: `${late.url}/v1`, models: ['late'] },
      { name: 'good', url: `${good.url}/v1` },
    ]);
    const first = await (
      await post(`${g.url}/v1/chat/completions`, { ...CHAT, model: 'early', stream: true })
    ).text();
    expect(first).toContain('whole');
    const second = await (
      await post(`${g.url}/v1/chat/completions`, { ...CHAT, model: 'late', stream: true })
    ).text();
    expect(second).toContain('partial');
    expect(second).toContain('"error"');
    expect(second).not.toContain('whole');
    expect(windowOf(g, 'late.chat').failures).toBe(1);
  });

  it('counts garbage as a failure and says 502', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end('<html>');
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1` }]);
    expect(await errorOf(await post(`${g.url}/v1/chat/completions`, CHAT))).toMatchObject({
      status: 502,
      code: 'upstream_invalid',
    });
    expect(windowOf(g, 'a.chat').failures).toBe(1);
  });

  it('opens by itself on failures and then refuses without a call', async () => {
    const u = await upstream((_request, res) => json(res, { error: { message: 'no' } }, 500));
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, breaker: { minimum_calls: 3 } }]);
    for (let i = 0; i < 3; i++) expect((await post(`${g.url}/v1/chat/completions`, CHAT)).status).toBe(500);
    expect((await post(`${g.url}/v1/chat/completions`, CHAT)).status).toBe(503);
    expect(u.seen).toHaveLength(3);
  });
});

describe('a client that leaves', () => {
  it('cancels the upstream call at once, mid-stream and before any answer, and leaves the breaker alone', async () => {
    for (const script of [
      ((_request, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write(chunk('one'));
      }) satisfies Script,
      (() => {}) satisfies Script,
    ]) {
      const u = await upstream(script);
      const g = await gateway([{ name: 'a', url: `${u.url}/v1` }]);
      const abort = new AbortController();
      const pending = post(`${g.url}/v1/chat/completions`, { ...CHAT, stream: true }, {}, abort.signal).then(
        (answer) => answer.text(),
      );
      await expect.poll(() => u.seen.length).toBe(1);
      abort.abort();
      await expect(pending).rejects.toThrow();
      await u.whenCancelled();
      await expect.poll(() => g.runtime.upstreams()[0]?.in_flight).toBe(0);
      expect(windowOf(g, 'a.chat')).toMatchObject({ failures: 0 });
    }
  });

  it('leaves the queue', async () => {
    const held: (() => void)[] = [];
    const u = await upstream((_request, res) => {
      held.push(() => json(res, COMPLETION));
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, connections: 1 }]);
    const first = post(`${g.url}/v1/chat/completions`, CHAT);
    await expect.poll(() => held.length).toBe(1);
    const abort = new AbortController();
    const second = post(`${g.url}/v1/chat/completions`, CHAT, {}, abort.signal);
    await expect.poll(() => g.runtime.upstreams()[0]?.queued).toBe(1);
    abort.abort();
    await expect(second).rejects.toThrow();
    await expect.poll(() => g.runtime.upstreams()[0]?.queued).toBe(0);
    held[0]?.();
    expect((await first).status).toBe(200);
    expect(u.seen).toHaveLength(1);
  });
});

describe('limits', () => {
  it('answers 429 queue_full with both retry headers when the queue is full', async () => {
    const held: (() => void)[] = [];
    const u = await upstream((_request, res) => {
      held.push(() => json(res, COMPLETION));
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, connections: 1 }], { limits: { queue: 1 } });
    const first = post(`${g.url}/v1/chat/completions`, CHAT);
    const second = post(`${g.url}/v1/chat/completions`, CHAT);
    await expect.poll(() => g.runtime.upstreams()[0]?.queued).toBe(1);
    const refused = await post(`${g.url}/v1/chat/completions`, CHAT);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(Number(refused.headers.get('retry-after-ms'))).toBeGreaterThan(0);
    expect(await errorOf(refused)).toMatchObject({ status: 429, code: 'queue_full' });
    await expect.poll(() => held.length).toBe(1);
    held[0]?.();
    await expect.poll(() => held.length).toBe(2);
    held[1]?.();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it('answers 413 beyond the body limit, declared or not', async () => {
    const u = await upstream(answering);
    const g = await gateway([{ name: 'a', url: `${u.url}/v1` }], { limits: { body_mb: 0.01 } });
    const large = { ...CHAT, pad: 'x'.repeat(20_000) };
    expect((await post(`${g.url}/v1/chat/completions`, large)).status).toBe(413);
    const streamed = await fetch(`${g.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([JSON.stringify(large)]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(streamed.status).toBe(413);
    expect(u.seen).toHaveLength(0);
  });
});

describe('a client that reads slowly', () => {
  const burst = chunk('x'.repeat(16 * 1024));

  it('does not keep the connection of an upstream that has said all', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end(`${burst.repeat(20)}data: [DONE]\n\n`);
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1` }]);
    const answer = await post(`${g.url}/v1/chat/completions`, { ...CHAT, stream: true });
    expect((await answer.text()).length).toBeGreaterThan(20 * 16 * 1024);
    await expect.poll(() => g.runtime.upstreams()[0]?.in_flight).toBe(0);
  });

  it('is no fault of the upstream when it does not read at all', async () => {
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = () => {
        while (!res.destroyed && res.write(burst));
        res.once('drain', push);
      };
      push();
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, timeout: { total_ms: 800 } }]);
    const body = JSON.stringify({ ...CHAT, stream: true });
    const socket = net.connect(Number(new URL(g.url).port), '127.0.0.1').on('error', () => {});
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await u.whenCancelled();
    await expect.poll(() => g.runtime.gateway.running).toBe(0);
    expect(windowOf(g, 'a.chat').failures).toBe(0);
    socket.destroy();
  });
});

describe('what crosses the gateway', () => {
  it('hands on the bytes, keeps unknown fields of the answer and mints an own id', async () => {
    const u = await upstream((_request, res) =>
      json(res, { ...COMPLETION, vendor: { x: 1 } }, 200, { 'x-ratelimit-remaining': '5' }),
    );
    const g = await gateway([{ name: 'a', url: `${u.url}/v1`, api_key: 'own-key-1' }]);
    const sent = '{ "model":"m",  "messages":[{"role":"user","content":"hi"}], "vendor_option": 1e2 }';
    const answer = await post(`${g.url}/v1/chat/completions`, sent, {
      authorization: 'Bearer client-key',
      'x-request-id': 'abc',
    });
    const body = (await answer.json()) as Record<string, unknown>;
    expect(u.seen[0]?.text).toBe(sent);
    expect(u.seen[0]?.headers).toMatchObject({ authorization: 'Bearer own-key-1', 'x-request-id': 'abc' });
    expect(body).toMatchObject({ vendor: { x: 1 }, choices: COMPLETION.choices });
    expect(body.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/);
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('5');
    expect(answer.headers.get('x-request-id')).toBe('abc');
    expect(answer.headers.get('x-switchgear-upstream')).toBe('a');
    expect(answer.headers.get('server-timing')).toMatch(
      /queue;dur=[\d.]+, upstream;dur=[\d.]+, total;dur=[\d.]+/,
    );
  });

  it.each(['gzip', 'br', 'deflate', 'zstd'])(
    'decodes a %s answer and drops its encoding and length',
    async (encoding) => {
      const zlib = await import('node:zlib');
      const pack = {
        gzip: zlib.gzipSync,
        br: zlib.brotliCompressSync,
        deflate: zlib.deflateSync,
        zstd: zlib.zstdCompressSync,
      }[encoding];
      const u = await upstream((_request, res) => {
        const bytes = pack?.(Buffer.from(JSON.stringify(COMPLETION))) ?? Buffer.alloc(0);
        res.writeHead(200, {
          'content-type': 'application/json',
          'content-encoding': encoding,
          'content-length': bytes.length,
        });
        res.end(bytes);
      });
      const g = await gateway([{ name: 'a', url: `${u.url}/v1` }]);
      const answer = await post(`${g.url}/v1/chat/completions`, CHAT);
      expect(answer.headers.get('content-encoding')).toBeNull();
      expect(((await answer.json()) as typeof COMPLETION).choices).toEqual(COMPLETION.choices);
    },
  );

  it('stops reading from the upstream while the client does not read', async () => {
    const big = chunk('x'.repeat(64 * 1024));
    let written = 0;
    const u = await upstream((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = () => {
        while (written < 2_000) {
          written += 1;
          if (!res.write(big)) {
            res.once('drain', push);
            return;
          }
        }
        res.end('data: [DONE]\n\n');
      };
      push();
    });
    const g = await gateway([{ name: 'a', url: `${u.url}/v1` }]);
    const socket = net.connect(Number(new URL(g.url).port), '127.0.0.1');
    const body = JSON.stringify({ ...CHAT, stream: true });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
    let stalledAt = -1;
    await expect
      .poll(
        () => {
          const stalled = written > 0 && written === stalledAt;
          stalledAt = written;
          return stalled;
        },
        { interval: 100, timeout: 10_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(2_000);
    let received = 0;
    await new Promise<void>((resolve) => {
      socket.on('data', (data) => {
        received += data.length;
      });
      socket.on('end', resolve);
    });
    expect(written).toBe(2_000);
    expect(received).toBeGreaterThan(2_000 * 64 * 1024);
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * A port on which connections are neither accepted nor refused: its listener is stopped and its backlog is full, so
 * that the kernel drops every further SYN.
 */
async function blackHole(): Promise<{ port: number; close(): Promise<void> }> {
  const script =
    "const s=require('net').createServer();s.listen({port:0,host:'127.0.0.1',backlog:1},()=>process.stdout.write(String(s.address().port)))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) =>
    child.stdout.once('data', (data) => resolve(Number(data))),
  );
  child.kill('SIGSTOP');
  const fillers = [1, 2, 3, 4].map(() => net.connect(port, '127.0.0.1').on('error', () => {}));
  await expect.poll(() => fillers.filter((socket) => !socket.connecting).length).toBeGreaterThanOrEqual(2);
  return {
    port,
    async close() {
      for (const socket of fillers) socket.destroy();
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
