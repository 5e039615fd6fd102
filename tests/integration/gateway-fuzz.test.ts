/** Whatever a client sends, it gets an answer, and none that blames the server: over real sockets, both upstream kinds. */
import http from 'node:http';
import net from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript, openaiScript } from '../support/scripts.ts';

const PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/models',
  '/v1/models/x',
  '/v1/unknown',
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/api/embeddings',
  '/api/tags',
  '/api/ps',
  '/api/version',
  '/api/show',
  '/api/pull',
  '/api/blobs/sha256:0',
] as const;

let openai: ScriptedUpstream;
let ollama: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  openai = await ScriptedUpstream.start(openaiScript);
  ollama = await ScriptedUpstream.start(ollamaScript);
  gateway = await startGateway({
    upstreams: [
      { name: 'o', kind: 'openai', url: `${openai.url}/v1`, models: ['gpt*'] },
      { name: 'l', kind: 'ollama', url: ollama.url },
    ],
    limits: { body_mb: 0.05 },
  });
});

afterAll(async () => {
  await gateway.close();
  await openai.close();
  await ollama.close();
});

interface Answer {
  status: number;
  text: string;
}

function send(method: string, path: string, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = http.request(`${gateway.url}${path}`, { method, headers }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text }));
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}

const isJsonError = (text: string) => typeof (JSON.parse(text) as { error?: unknown }).error !== 'undefined';

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const json = fc.jsonValue({ maxDepth: 4 });
const field = fc.constantFrom(
  'messages',
  'prompt',
  'input',
  'stream',
  'tools',
  'format',
  'options',
  'stop',
  'keep_alive',
  'think',
  'images',
  'encoding_format',
  'dimensions',
  'response_format',
  'tool_choice',
  'n',
  'max_tokens',
  'suffix',
  'raw',
  'system',
);
const request = fc
  .tuple(
    fc.constantFrom('m', 'gpt-1', 'missing', '', 'a/../b', '🔌'),
    fc.dictionary(field, json, { maxKeys: 6 }),
  )
  .map(([model, fields]) =>
    JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'say it' }],
      prompt: 'say it',
      input: 'a',
      ...fields,
    }),
  );
const body = fc.oneof(
  request,
  request,
  json.map((each) => JSON.stringify(each)),
  text,
  fc.constant('x'.repeat(60_000)),
);

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const printable = fc.stringMatching(/^[!-~]([ -~]{0,80}[!-~])?$/);
const knownHeader = fc.constantFrom(
  'x-request-id',
  'authorization',
  'cache-control',
  'accept',
  'content-type',
  'content-encoding',
  'origin',
  'expect',
  'te',
  'cookie',
  'accept-encoding',
  'x-forwarded-for',
);
const headers = fc
  .dictionary(
    fc.oneof(token, knownHeader),
    fc.oneof(printable, fc.constantFrom('application/json', 'gzip', '100-continue', 'identity')),
    { maxKeys: 6 },
  )
  .map((each) => {
    // Framing and the host are the HTTP client's own business here; the raw-bytes test below has them.
    for (const framing of ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'trailer'])
      delete each[framing];
    return each;
  });

describe('fuzzed requests', () => {
  it('with any body are answered, and never with a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), body, async (path, each) => {
        const answer = await send('POST', path, { 'content-type': 'application/json' }, each);
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400) expect(isJsonError(answer.text)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('with any method and headers are answered, and never with a 5xx', async () => {
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD');
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.constantFrom(...PATHS),
        headers,
        request,
        async (verb, path, sent, each) => {
          const answer = await send(verb, path, sent, ['GET', 'HEAD'].includes(verb) ? '' : each);
          expect(answer.status).toBeLessThan(500);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of any bytes at all end with an answer or a closed connection', async () => {
    const line = fc.oneof(
      fc.constantFrom('POST /v1/chat/completions HTTP/1.1', 'GET / HTTP/1.0', 'GET /api/tags HTTP/9.9'),
      printable,
    );
    const header = fc.oneof(
      fc.constantFrom(
        'host: 127.0.0.1',
        'content-length: 5',
        'content-length: -1',
        'content-length: 5\r\ncontent-length: 6',
        'transfer-encoding: chunked',
        'transfer-encoding: x',
        'host: evil.example',
        'expect: 100-continue',
      ),
      fc.tuple(token, printable).map(([name, value]) => `${name}: ${value}`),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map((each) => Buffer.from(each)),
      fc
        .tuple(line, fc.array(header, { maxLength: 5 }), text)
        .map(([first, rest, end]) => Buffer.from(`${[first, ...rest].join('\r\n')}\r\n\r\n${end}`)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (each) => {
        const answer = await sendBytes(each);
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
        if (status !== undefined) expect(Number(status)).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
    // It still serves.
    expect((await send('GET', '/api/version', {}, '')).status).toBe(200);
  });
});

/** Sends bytes and half-closes; answers all that comes back until the server closes. */
function sendBytes(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1' }, () =>
      socket.end(bytes),
    );
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
