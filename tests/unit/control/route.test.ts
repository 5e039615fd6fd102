import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineRoute, type Verb } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { type RuntimeHandle, setRuntime } from '#lib/runtime-handle.ts';

const reported: unknown[] = [];

const schema = z.strictObject({
  count: z.int().min(1).max(9).optional(),
  mode: z.enum(['a', 'b']).optional(),
});
const LIMIT_BYTES = 64 * 1_024;
const KEY = Symbol.for('switchgear.runtime');

beforeEach(() => {
  // Of the runtime, the frame needs only to know who acts.
  reported.length = 0;
  const reportError = (error: unknown) => reported.push(error);
  setRuntime({ access: { actorOf: () => 'ann' }, reportError } as unknown as RuntimeHandle);
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, KEY);
});

async function call(verb: Verb, init: RequestInit = {}, query = '') {
  const { POST } = defineRoute({ POST: verb });
  const request = new Request(`http://localhost/api/x${query}`, { method: 'POST', ...init });
  const response = await POST(request, { params: Promise.resolve({ name: 'a.chat' }) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
}

const echo: Verb = async ({ params, query, by, body }) => ({
  params,
  by,
  q: query.get('q'),
  body: await body(schema),
});
const json = (body: string, type: string | null = 'application/json'): RequestInit => ({
  body: new TextEncoder().encode(body),
  headers: type === null ? {} : { 'content-type': type },
});
const codeOf = (code: string, message: unknown = expect.any(String)) => ({ error: { code, message } });

describe('a route', () => {
  it('refuses JSON that is nested too deep before anything recurses over it', async () => {
    const answer = await call(echo, json(`{"count":${'['.repeat(3_000)}${']'.repeat(3_000)}}`));
    const message = 'The request body is nested 3001 levels deep; at most 256 are allowed';
    expect(answer).toMatchObject({ status: 400, body: codeOf('invalid_json', message) });
  });

  it('hands the verb what it needs and answers its result, never to be cached', async () => {
    const answer = await call(echo, json('{"count": 3}'), '?q=7');
    expect(answer).toMatchObject({
      status: 200,
      body: { params: { name: 'a.chat' }, by: 'ann', q: '7', body: { count: 3 } },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('answers 503 until there is a runtime', async () => {
    Reflect.deleteProperty(globalThis, KEY);
    expect(await call(echo)).toMatchObject({ status: 503, body: codeOf('not_ready') });
  });

  it('names the methods there are when asked for another', async () => {
    const { DELETE } = defineRoute({ GET: echo, POST: echo });
    const request = new Request('http://localhost/api/x', { method: 'DELETE' });
    const response = await DELETE(request, { params: Promise.resolve({}) });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, POST');
    expect(await response.json()).toMatchObject(codeOf('method_not_allowed'));
  });

  it('is not found when it has no methods at all', async () => {
    const { GET } = defineRoute({});
    const response = await GET(new Request('http://localhost/api/x'), { params: Promise.resolve({}) });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject(codeOf('not_found'));
  });
});

describe('a body', () => {
  it.each(['', '  \n'])('that is missing or blank (%j) is an empty object', async (text) => {
    expect(await call(echo, json(text, null))).toMatchObject({ status: 200, body: { body: {} } });
  });

  it.each(['{', '{"count": 1,}', 'count=1', '\u0000'])('that is not JSON (%j) is refused', async (text) => {
    expect(await call(echo, json(text))).toMatchObject({ status: 400, body: codeOf('invalid_json') });
  });

  it('names field, value and what is allowed', async () => {
    const { status, body } = await call(echo, json('{"mode": "c"}'));
    expect(status).toBe(400);
    expect(body).toMatchObject(codeOf('bad_request', expect.stringMatching(/^mode: "c".*"a"\|"b"/)));
    expect(body).toMatchObject({ error: { details: [{ path: 'mode' }] } });
  });

  it('names every field at fault in its details', async () => {
    const { body } = await call(echo, json('{"count": 10, "mode": 1}'));
    expect(body).toMatchObject({ error: { details: [{ path: 'count' }, { path: 'mode' }] } });
  });

  it.each(['[]', 'null', '7', '"text"'])('that is no object (%s) is refused', async (text) => {
    expect(await call(echo, json(text))).toMatchObject({ status: 400, body: codeOf('bad_request') });
  });

  it('names an unknown field, which may be a mistyped one', async () => {
    const message = expect.stringContaining('cuont');
    expect(await call(echo, json('{"cuont": 1}'))).toMatchObject({
      status: 400,
      body: codeOf('bad_request', message),
    });
  });

  it('is JSON whatever its type says, for curl calls everything a form', async () => {
    const answer = await call(echo, json('{"count": 3}', 'application/x-www-form-urlencoded'));
    expect(answer).toMatchObject({ status: 200, body: { body: { count: 3 } } });
  });

  it('may be as long as the limit and no longer', async () => {
    const padded = (bytes: number) => json(`{}${' '.repeat(bytes - 2)}`);
    expect(await call(echo, padded(LIMIT_BYTES))).toMatchObject({ status: 200 });
    expect(await call(echo, padded(LIMIT_BYTES + 1))).toMatchObject({
      status: 413,
      body: codeOf('body_too_large'),
    });
  });
});

describe('what a verb throws', () => {
  it('goes out with its code, status, message and details', async () => {
    const verb: Verb = () => {
      throw new SwitchgearError('conflict', 'There are too many', { details: { most: 3 } });
    };
    const error = { code: 'conflict', message: 'There are too many', details: { most: 3 } };
    expect(await call(verb)).toMatchObject({ status: 409, body: { error } });
  });

  it('is told by its code, whatever copy of the class it is made from', async () => {
    const verb: Verb = () => {
      throw Object.assign(new Error('Unknown component'), { code: 'not_found' });
    };
    expect(await call(verb)).toMatchObject({ status: 404, body: codeOf('not_found', 'Unknown component') });
  });

  it('shows nothing of what is inside when it is not ours', async () => {
    const verb: Verb = () => {
      throw new TypeError('secret at /etc/passwd');
    };
    const { status, body } = await call(verb);
    expect({ status, text: JSON.stringify(body) }).toEqual({
      status: 500,
      text: '{"error":{"code":"internal","message":"Internal error"}}',
    });
    expect(reported).toEqual([new TypeError('secret at /etc/passwd')]);
  });
});
