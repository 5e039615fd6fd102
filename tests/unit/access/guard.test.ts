import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardConsole } from '#lib/access/guard.ts';
import { nextPathOf } from '#lib/access/next-path.ts';
import type { AccessPolicy } from '#lib/access/policy.ts';
import { policyOf, sessionOf } from './support.ts';

const TOKEN = 'admin-token-for-tests';
const LOCAL = { host: 'localhost:8003' };

const locked = policyOf({ adminToken: TOKEN });
const unlocked = policyOf();

interface Answer {
  passed: boolean;
  status: number | null;
  headers: Record<string, unknown>;
  /** Those of the request, as what is behind the guard sees them. */
  given: Record<string, unknown>;
  body: string;
}

function ask(
  access: AccessPolicy,
  target: string,
  { method = 'GET', headers = LOCAL }: { method?: string; headers?: Record<string, string> } = {},
): Answer {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  // An IncomingMessage reads nothing of its socket here, so any duplex will do.
  const req = new IncomingMessage(socket as never);
  Object.assign(req, { method, url: target, headers: { ...headers } });
  const res = new ServerResponse(req);
  let body = '';
  const end = res.end.bind(res);
  res.end = ((chunk?: string) => {
    body = chunk ?? '';
    return end();
  }) as typeof res.end;
  const passed = guardConsole(access, req, res);
  return {
    passed,
    status: passed ? null : res.statusCode,
    headers: { ...res.getHeaders() },
    given: req.headers,
    body,
  };
}

describe('without a token on loopback', () => {
  it.each(['/', '/api/breakers', '/metrics', '/breakers/ollama.chat?x=1'])('lets %s through', (target) => {
    expect(ask(unlocked, target).passed).toBe(true);
  });

  it.each(['/', '/api/breakers', '/login', '/api/health/live', '/_next/static/a.js'])(
    'refuses %s for a Host that is not this server',
    (target) => {
      const answer = ask(unlocked, target, { headers: { host: 'evil.com' } });
      expect(answer).toMatchObject({ passed: false, status: 403 });
      expect(JSON.parse(answer.body)).toEqual({
        error: { code: 'forbidden', message: expect.any(String) },
      });
    },
  );

  it('refuses a change from another site', () => {
    const headers = { ...LOCAL, origin: 'https://evil.com' };
    expect(ask(unlocked, '/api/cache/purge', { method: 'POST', headers }).status).toBe(403);
    expect(ask(unlocked, '/api/session', { method: 'POST', headers }).status).toBe(403);
  });
});

describe('with a token', () => {
  it.each([
    '/login',
    '/login?next=%2Fbreakers',
    '/favicon.ico',
    '/api/health/live',
    '/api/health/ready?verbose',
    '/_next/static/chunks/app.js',
    '/_next/static/chunks/app/breakers/%5Bname%5D/page-1a2b.js',
    '/_next/static/media/inter.p.abc123~.woff2?dpl=1',
  ])('shows %s to everyone', (target) => {
    expect(ask(locked, target).passed).toBe(true);
    expect(ask(locked, target, { method: 'HEAD' }).passed).toBe(true);
  });

  it.each(['POST', 'DELETE'])('lets everyone %s /api/session from this site', (method) => {
    expect(ask(locked, '/api/session', { method }).passed).toBe(true);
  });

  it.each([
    ['GET', '/api/session'],
    ['POST', '/login'],
    ['POST', '/_next/static/chunks/app.js'],
    ['POST', '/api/health/live'],
    ['PUT', '/favicon.ico'],
  ])('keeps %s %s shut', (method, target) => {
    expect(ask(locked, target, { method }).status).toBe(401);
  });

  it.each([
    '/api',
    '/api/breakers',
    '/api/unheard/of',
    '/metrics',
    '/metrics?x=1',
    '//api/breakers',
    '/API/breakers',
    '/Metrics',
    '/%61pi/breakers',
    '/api%2Fbreakers',
    '/api%2fhealth%2flive',
    '/api/health/live/../../breakers',
    '/api/health/live%2f..%2f..%2fbreakers',
    '/login/../api/breakers',
    '/_next/static/../../api/breakers',
    '/_next/static/%2e%2e/%2e%2e/api/breakers',
    '/_next/static/..%2f..%2fapi/breakers',
    '/_next/static/..\\..\\api\\breakers',
    '/./api/breakers',
    '\\api\\breakers',
    'http://localhost:8003/api/breakers',
    '/api/health/live/',
    '/api/session/',
  ])('answers %s with 401 and the envelope', (target) => {
    const answer = ask(locked, target);
    expect(answer).toMatchObject({ passed: false, status: 401 });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(answer.body)).toEqual({
      error: { code: 'unauthorized', message: expect.any(String) },
    });
  });

  it.each([
    ['/', '/'],
    ['/breakers/ollama.chat?tab=1&x=ä', '/breakers/ollama.chat?tab=1&x=ä'],
    ['/Login', '/Login'],
    ['/login/', '/login/'],
    ['/favicon.ico/', '/favicon.ico/'],
    ['/_next/image?url=%2Fa.png', '/_next/image?url=%2Fa.png'],
    ['/_next/static/', '/_next/static/'],
    ['/_next/static//a.js', '/_next/static//a.js'],
    ['/_next/static/%00a.js', '/_next/static/%00a.js'],
    ['//evil.com/x', '/'],
    ['/\\evil.com', '/'],
    ['*', '/'],
    ['', '/'],
  ])('sends a visitor of %j to the login, and then on to %j', (target, next) => {
    const answer = ask(locked, target);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe(`/login?next=${encodeURIComponent(next)}`);
  });

  it('does not redirect what is not a page view', () => {
    expect(ask(locked, '/', { method: 'POST' }).status).toBe(401);
  });

  it('lets the token and a session through, with the rules of the policy', () => {
    const cookie = sessionOf(locked, TOKEN);
    expect(
      ask(locked, '/api/breakers', { headers: { ...LOCAL, authorization: `Bearer ${TOKEN}` } }).passed,
    ).toBe(true);
    expect(ask(locked, '/', { headers: { ...LOCAL, cookie } }).passed).toBe(true);
    expect(ask(locked, '/api/cache/purge', { method: 'POST', headers: { ...LOCAL, cookie } }).status).toBe(
      403,
    );
  });
});

describe('too many wrong tokens', () => {
  it('are told to wait, with retry-after and the envelope', () => {
    const access = policyOf({ adminToken: TOKEN });
    const headers = { ...LOCAL, authorization: 'Bearer wrong-token' };
    const statuses = Array.from({ length: 7 }, () => ask(access, '/api/breakers', { headers }).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const answer = ask(access, '/metrics', { headers: { ...LOCAL, authorization: `Bearer ${TOKEN}` } });
    expect(answer.headers['retry-after']).toBe('1');
    expect(JSON.parse(answer.body)).toEqual({
      error: { code: 'rate_limit_exceeded', message: expect.any(String) },
    });
  });
});

describe('every answer of the console', () => {
  it.each([
    [unlocked, '/'],
    [locked, '/'],
    [locked, '/api/breakers'],
    [locked, '/_next/static/a.js'],
  ])('has the security headers', (access, target) => {
    expect(ask(access, target).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
  });

  it.each(['/', '/login', '/breakers/a?x=1', '/nowhere'])(
    'lets %s run scripts with a nonce of its own alone',
    (target) => {
      const [first, second] = [ask(unlocked, target), ask(unlocked, target)];
      const policy = String(first.headers['content-security-policy']);
      const scripts = /script-src ([^;]*)/.exec(policy)?.[1];
      expect(scripts).toMatch(/^'self' 'nonce-[\w+/]{22}==' 'strict-dynamic'$/);
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
      expect(policy).not.toBe(second.headers['content-security-policy']);
      // Where Next looks for the nonce; a client cannot choose it.
      expect(first.given['content-security-policy']).toBe(policy);
    },
  );

  it.each(['/api/breakers', '/metrics', '/_next/static/a.js'])(
    'lets %s, which is no page, do nothing',
    (target) => {
      expect(ask(unlocked, target).headers['content-security-policy']).toMatch(/^default-src 'none'/);
    },
  );

  it('takes neither a nonce nor an address from the client', () => {
    const headers = {
      ...LOCAL,
      'content-security-policy': "script-src 'nonce-mine'",
      'content-security-policy-report-only': "script-src 'nonce-mine'",
      'x-switchgear-client-address': '198.51.100.1',
    };
    const { given } = ask(unlocked, '/', { headers });
    expect(JSON.stringify(given)).not.toMatch(/mine|198\.51/);
    expect(given['x-switchgear-client-address']).toBe('unknown');
  });

  it('is given for arbitrary requests, and none without a token but to the public paths', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS');
    const headers = fc.record(
      {
        host: fc.oneof(text, fc.constant('localhost:8003')),
        origin: text,
        authorization: fc.oneof(
          text,
          text.map((token) => `Bearer ${token}`),
        ),
        cookie: fc.oneof(
          text,
          text.map((value) => `switchgear_session=${value}`),
        ),
        'sec-fetch-site': text,
      },
      { requiredKeys: [] },
    );
    const target = fc.oneof(
      text,
      text.map((path) => `/${path}`),
      text.map((path) => `/_next/static/${path}`),
    );
    fc.assert(
      fc.property(target, method, headers, (url, verb, given) => {
        ask(unlocked, url, { method: verb, headers: given });
        const answer = ask(locked, url, { method: verb, headers: given });
        if (answer.passed)
          expect(url).toMatch(/^\/(_next\/static\/|favicon\.ico|login|api\/(health|session))/);
      }),
    );
  });
});

describe('where the login leads', () => {
  it.each(['/', '/breakers?x=1', '/a/b#c'])('keeps %s', (path) => expect(nextPathOf(path)).toBe(path));
  it.each([
    null,
    undefined,
    '',
    'breakers',
    '//evil.com',
    '/\\evil.com',
    '/\t/evil.com',
    'https://evil.com',
    'javascript:1',
  ])('turns %j into the start page', (path) => expect(nextPathOf(path)).toBe('/'));
});
