/** Clients that send a body and stall, drip, leave or send too much: what they hold is bounded, and given back. */
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { openaiScript } from '../support/scripts.ts';
import { until } from '../support/until.ts';

const BODY_BYTES = 1_000_000;
const ANSWERED = { model: 'm', messages: [{ role: 'user', content: 'say it' }] };

let upstream: ScriptedUpstream;
/** With room for two bodies of the largest size. */
let small: TestGateway;
/** That waits a tenth of a second where others wait ten. */
let strict: TestGateway;

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(openaiScript);
  const upstreams = [{ name: 'o', kind: 'openai', url: `${upstream.url}/v1` }];
  small = await startGateway({ upstreams, limits: { body_mb: 1, bodies_mb: 2 } });
  strict = await startGateway({ upstreams }, { pace: { windowMs: 100, leastBytesPerS: 10_000 } });
});

afterAll(async () => {
  await small.close();
  await strict.close();
  await upstream.close();
});

class Client {
  answer = '';
  isClosed = false;
  readonly socket: net.Socket;

  /** Sends a head and so much of a body, and no more. */
  constructor(url: string, path: string, framing: string, body: string) {
    const { port } = new URL(url);
    this.socket = net.connect(Number(port), '127.0.0.1');
    this.socket.setEncoding('utf8');
    this.socket.on('data', (chunk: string) => {
      this.answer += chunk;
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    this.socket.write(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n${framing}\r\n\r\n${body}`,
    );
  }

  leave(): void {
    this.socket.destroy();
  }
}

const CHAT = '/v1/chat/completions';
const stall = (url: string, bytes: number, path = CHAT) =>
  new Client(url, path, `content-length: ${BODY_BYTES}`, ' '.repeat(bytes));
const held = (gateway: TestGateway) => gateway.runtime.bodies.heldBytes;

describe('the budget of all bodies', () => {
  it('refuses more with 503 before it is read, serves small ones, and is given back', async () => {
    const [first, second] = [stall(small.url, 900_000), stall(small.url, 900_000)];
    await until(() => held(small) === 2 * BODY_BYTES);
    const third = stall(small.url, 900_000, '/api/chat');
    await until(() => third.answer.includes('\r\n\r\n'));
    expect(third.answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(third.answer).toMatch(/retry-after: 1\r\n/);
    expect(third.answer).toMatch(/\{"error":"The request bodies in progress fill the memory/);
    expect(held(small)).toBe(2 * BODY_BYTES);
    expect((await post(`${small.url}${CHAT}`, ANSWERED)).status).toBe(200);
    const shown = await small.runtime.prometheus.text();
    expect(shown).toMatch(/^switchgear_request_body_bytes 2000000$/m);
    expect(shown).toMatch(/^switchgear_request_bodies_refused_total\{reason="overloaded"\} 1$/m);
    for (const client of [first, second, third]) client.leave();
    await until(() => held(small) === 0);
  });

  it('takes what comes when there is room again, and has all of it back after the answer', async () => {
    const padded = JSON.stringify({ ...ANSWERED, metadata: { pad: 'x'.repeat(900_000) } });
    for (let round = 0; round < 4; round += 1) {
      const answer = await post(`${small.url}${CHAT}`, padded);
      expect(answer.status).toBe(200);
      await answer.text();
    }
    await until(() => held(small) === 0);
  });

  it('counts what came, not what was declared', async () => {
    const clients = Array.from({ length: 20 }, () => stall(small.url, 10));
    await until(() => held(small) === 200);
    const chunk = new Client(small.url, CHAT, 'transfer-encoding: chunked', '5\r\nabcde\r\n');
    await until(() => held(small) === 205);
    for (const client of [...clients, chunk]) client.leave();
    await until(() => held(small) === 0);
  });

  it('holds little more than what came of a body sent byte by byte', async () => {
    const count = 40_000;
    const client = new Client(small.url, CHAT, 'transfer-encoding: chunked', '1\r\n \r\n'.repeat(count));
    await until(() => held(small) >= count);
    expect(held(small)).toBeLessThanOrEqual(2 * count);
    client.leave();
    await until(() => held(small) === 0);
  });

  it('gives back at once what a body beyond its own limit held, though its client stays', async () => {
    const client = new Client(
      small.url,
      CHAT,
      'transfer-encoding: chunked',
      `200000\r\n${' '.repeat(1_500_000)}`,
    );
    await until(() => client.answer.includes('body_too_large'));
    expect(client.answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(held(small)).toBe(0);
    client.leave();
  });

  it('holds nothing of a refused method, key or path', async () => {
    const client = stall(small.url, 900_000, '/v1/unknown');
    await until(() => client.answer.includes('not_found'));
    expect(held(small)).toBe(0);
    client.leave();
  });
});

describe('a body that is too slow', () => {
  it.each([
    [CHAT, /"code":"request_timeout"/],
    ['/api/chat', /\{"error":"The request body came too slowly"\}/],
    ['/api/show', /\{"error":"The request body came too slowly"\}/],
  ])('on %s is told so in the surface’s form and let go', async (path, told) => {
    const before = strict.runtime.bodies.refused.too_slow;
    const client = stall(strict.url, 100_000, path);
    await until(() => client.isClosed);
    expect(client.answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(client.answer).toMatch(told);
    expect(held(strict)).toBe(0);
    expect(strict.runtime.bodies.refused.too_slow).toBe(before + 1);
  });

  it('is let go also while it drips', async () => {
    const client = stall(strict.url, 0);
    const drip = setInterval(() => client.socket.write(' '), 5);
    await until(() => client.isClosed);
    clearInterval(drip);
    expect(client.answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('that nobody reads is let go too', async () => {
    const client = stall(strict.url, 10, '/v1/unknown');
    await until(() => client.isClosed);
    expect(client.answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('is not one whose answer takes long', async () => {
    let answer: () => unknown = () => {};
    const asked = new Promise<void>((resolve) => {
      upstream.script = (request, res, req) => {
        answer = () => openaiScript(request, res, req);
        resolve();
      };
    });
    const slow = post(`${strict.url}${CHAT}`, ANSWERED);
    await asked;
    const other = stall(strict.url, 10);
    await until(() => other.isClosed);
    await answer();
    expect((await slow).status).toBe(200);
    upstream.script = openaiScript;
  });
});
