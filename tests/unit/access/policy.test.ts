import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AccessPolicy, type ControlFacts } from '#lib/access/policy.ts';
import { SESSION_COOKIE, SESSION_MS } from '#lib/access/session.ts';
import { SecretSet } from '#lib/access/tokens.ts';

const TOKEN = 'correct horse battery'.replaceAll(' ', '-');
const KEY = 'sk-data-plane-key';
const NOW = Date.UTC(2026, 0, 1);

function policy(options: Partial<ConstructorParameters<typeof AccessPolicy>[0]> = {}): AccessPolicy {
  return new AccessPolicy({
    host: '127.0.0.1',
    port: 8003,
    adminToken: null,
    apiKeys: [],
    now: () => NOW,
    ...options,
  });
}

function facts(overrides: Partial<ControlFacts> = {}): ControlFacts {
  return {
    method: 'GET',
    host: 'localhost:8003',
    origin: undefined,
    authorization: undefined,
    cookie: undefined,
    secFetchSite: undefined,
    ...overrides,
  };
}

/** The `name=value` that a browser would send back. */
function sessionOf(access: AccessPolicy): string {
  return access.openSession(TOKEN)?.cookie.split(';')[0] ?? '';
}

describe('on loopback without secrets', () => {
  const open = policy({ host: 'gateway.test' });
  const loopback = policy();

  it.each([
    'localhost:8003',
    '127.0.0.1:8003',
    '[::1]:8003',
    'LOCALHOST',
    'localhost.:1',
    '127.9.9.9:80',
    'console.localhost:8003',
  ])('admits the Host %s', (host) => {
    expect(loopback.checkData(facts({ host }))).toBeNull();
    expect(loopback.checkControl(facts({ host }))).toBeNull();
  });

  it.each([
    undefined,
    '',
    'evil.com',
    'localhost.evil.com:8003',
    '127.0.0.1.evil.com',
    '192.168.1.4:8003',
    '[::2]:8003',
  ])('refuses the Host %j, which may be a rebound name', (host) => {
    expect(loopback.checkData(facts({ host }))?.code).toBe('forbidden');
    expect(loopback.checkControl(facts({ host }))?.code).toBe('forbidden');
  });

  it('admits the configured host by its name, whatever its spelling', () => {
    const named = policy({ host: 'Gateway.localhost' });
    expect(named.checkData(facts({ host: 'gateway.localhost.:9' }))).toBeNull();
  });

  it('admits any Host on another address, where a token is needed anyway', () => {
    expect(open.checkData(facts({ host: 'whatever.example' }))).toBeNull();
  });

  it.each([
    [{ method: 'POST', origin: 'http://localhost:8003' }, null],
    [{ method: 'POST' }, null],
    [{ method: 'POST', secFetchSite: 'same-origin' }, null],
    [{ method: 'GET', origin: 'https://evil.com', secFetchSite: 'cross-site' }, null],
    [{ method: 'OPTIONS', origin: 'https://evil.com' }, null],
    [{ method: 'POST', origin: 'https://evil.com' }, 'forbidden'],
    [{ method: 'POST', origin: 'null' }, 'forbidden'],
    [{ method: 'POST', origin: 'http://localhost:3000' }, 'forbidden'],
    [{ method: 'POST', origin: 'http://127.0.0.1:8003' }, 'forbidden'],
    [{ method: 'DELETE', secFetchSite: 'cross-site' }, 'forbidden'],
    [{ method: 'PATCH', origin: 'https://evil.com', secFetchSite: 'same-origin' }, 'forbidden'],
    [{ method: 'PROPFIND', origin: 'https://evil.com' }, 'forbidden'],
  ])('answers %j with %s', (overrides, code) => {
    expect(loopback.checkData(facts(overrides))?.code ?? null).toBe(code);
    expect(loopback.checkControl(facts(overrides))?.code ?? null).toBe(code);
  });

  it('asks nobody to log in and calls everyone local', () => {
    expect(loopback.tokenRequired).toBe(false);
    expect(loopback.needsLogin(undefined, undefined)).toBe(false);
    expect(loopback.openSession(TOKEN)).toBeNull();
    expect(loopback.actorOf({ authorization: `Bearer ${TOKEN}`, cookie: undefined })).toBe('local');
  });
});

describe('the data plane with API keys', () => {
  const access = policy({ apiKeys: ['first-key-of-all', KEY] });

  it.each([`Bearer ${KEY}`, `bearer ${KEY}`, `Bearer  ${KEY} `, 'Bearer first-key-of-all'])(
    'admits %j',
    (authorization) => {
      expect(access.checkData(facts({ authorization }))).toBeNull();
    },
  );

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    KEY,
    `Basic ${KEY}`,
    `Bearer ${KEY}x`,
    `Bearer ${KEY} ${KEY}`,
    'Bearer ä',
  ])('refuses %j', (authorization) => {
    expect(access.checkData(facts({ authorization }))?.code).toBe('unauthorized');
  });

  it('takes a valid key as proof, from whatever site', () => {
    const cross = { method: 'POST', origin: 'https://app.example', authorization: `Bearer ${KEY}` };
    expect(access.checkData(facts({ ...cross, host: 'gw.example' }))).toBeNull();
  });

  it('keeps the control plane open on loopback, with its Host check', () => {
    expect(access.checkControl(facts())).toBeNull();
    expect(access.checkControl(facts({ host: 'evil.com' }))?.code).toBe('forbidden');
  });

  it('never repeats what was sent', () => {
    const refusal = access.checkData(facts({ authorization: 'Bearer guessed-secret' }));
    expect(JSON.stringify(refusal) + refusal?.message).not.toContain('guessed-secret');
  });
});

describe('the data plane with an admin token but no API keys', () => {
  it('stays open, and so keeps its Host and Origin checks on loopback', () => {
    const access = policy({ adminToken: TOKEN });
    expect(access.checkData(facts({ method: 'POST' }))).toBeNull();
    expect(access.checkData(facts({ host: 'evil.com' }))?.code).toBe('forbidden');
    expect(access.checkData(facts({ method: 'POST', origin: 'https://evil.com' }))?.code).toBe('forbidden');
  });
});

describe('the control plane with an admin token', () => {
  const access = policy({ adminToken: TOKEN });

  it('needs the token or a session', () => {
    expect(access.checkControl(facts())?.code).toBe('unauthorized');
    expect(access.checkControl(facts({ authorization: `Bearer ${TOKEN}x` }))?.code).toBe('unauthorized');
    expect(access.checkControl(facts({ authorization: `Bearer ${TOKEN}` }))).toBeNull();
    expect(access.checkControl(facts({ cookie: sessionOf(access) }))).toBeNull();
  });

  it('does not take an API key for the admin token', () => {
    const both = policy({ adminToken: TOKEN, apiKeys: [KEY] });
    expect(both.checkControl(facts({ authorization: `Bearer ${KEY}` }))?.code).toBe('unauthorized');
    expect(both.checkData(facts({ authorization: `Bearer ${TOKEN}` }))?.code).toBe('unauthorized');
  });

  it.each([
    [{ origin: 'http://localhost:8003' }, null],
    [{ secFetchSite: 'same-origin' }, null],
    [{ secFetchSite: 'none' }, null],
    [{}, 'forbidden'],
    [{ secFetchSite: 'same-site' }, 'forbidden'],
    [{ secFetchSite: 'cross-site' }, 'forbidden'],
    [{ origin: 'null', secFetchSite: 'same-origin' }, 'forbidden'],
    [{ origin: 'http://localhost:3000', secFetchSite: 'same-origin' }, 'forbidden'],
  ])('answers a change by a session with %j: %s', (overrides, code) => {
    const refusal = access.checkControl(facts({ method: 'POST', cookie: sessionOf(access), ...overrides }));
    expect(refusal?.code ?? null).toBe(code);
  });

  it('takes the bearer token as proof, which no browser sends by itself', () => {
    const given = facts({ method: 'POST', authorization: `Bearer ${TOKEN}`, origin: 'https://evil.com' });
    expect(access.checkControl(given)).toBeNull();
  });

  it('checks the Origin where no token is needed', () => {
    expect(access.checkSite(facts({ method: 'POST', origin: 'https://evil.com' }))?.code).toBe('forbidden');
    expect(access.checkSite(facts({ method: 'POST', origin: 'http://localhost:8003' }))).toBeNull();
  });

  it('tells who acts', () => {
    expect(access.actorOf({ authorization: `Bearer ${TOKEN}`, cookie: undefined })).toBe('token');
    expect(access.actorOf({ authorization: undefined, cookie: sessionOf(access) })).toBe('console');
    expect(access.actorOf({ authorization: undefined, cookie: undefined })).toBe('local');
  });
});

describe('sessions', () => {
  it('are opened by the admin token only', () => {
    const access = policy({ adminToken: TOKEN });
    expect(access.openSession('wrong-token')).toBeNull();
    expect(access.openSession('')).toBeNull();
    expect(access.openSession(TOKEN)?.cookie).toMatch(
      /^switchgear_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect(access.closeSessionCookie()).toMatch(/^switchgear_session=; .*Max-Age=0$/);
  });

  it('end after twelve hours', () => {
    let now = NOW;
    const access = policy({ adminToken: TOKEN, now: () => now });
    const cookie = sessionOf(access);
    now = NOW + SESSION_MS - 1;
    expect(access.needsLogin(cookie, undefined)).toBe(false);
    now = NOW + SESSION_MS;
    expect(access.needsLogin(cookie, undefined)).toBe(true);
  });

  it('outlive a restart, but not another admin token', () => {
    const cookie = sessionOf(policy({ adminToken: TOKEN }));
    expect(policy({ adminToken: TOKEN }).needsLogin(cookie, undefined)).toBe(false);
    expect(policy({ adminToken: `${TOKEN}2` }).needsLogin(cookie, undefined)).toBe(true);
  });

  it('are found among other cookies and next to a stale one', () => {
    const access = policy({ adminToken: TOKEN });
    const cookie = `theme=dark; ${SESSION_COOKIE}=stale; ${sessionOf(access)};other=1`;
    expect(access.needsLogin(cookie, undefined)).toBe(false);
  });

  it('are not to be forged', () => {
    const access = policy({ adminToken: TOKEN });
    const value = sessionOf(access).slice(SESSION_COOKIE.length + 1);
    const [expiresAt = '', nonce = '', signature = ''] = value.split('.');
    const later = (Number.parseInt(expiresAt, 36) + 1_000).toString(36);
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    const signedByToken = createHmac('sha256', TOKEN).update(`${later}.${nonce}`).digest('base64url');
    const forged = [
      `${later}.${nonce}.${signature}`,
      `${expiresAt}.${nonce}.${flipped}`,
      `${later}.${nonce}.${signedByToken}`,
      `${expiresAt}.${nonce}.`,
      `${expiresAt}.${nonce}`,
      `${value}.x`,
      `"${value}"`,
      '',
      '..',
    ];
    for (const candidate of forged) {
      expect(access.needsLogin(`${SESSION_COOKIE}=${candidate}`, undefined)).toBe(true);
    }
    expect(access.needsLogin(`x${SESSION_COOKIE}=${value}`, undefined)).toBe(true);
    expect(access.needsLogin(`${SESSION_COOKIE}=${value}`, undefined)).toBe(false);
  });
});

describe('a set of secrets', () => {
  it('finds each member at any place, repeated ones too, and nothing else', () => {
    const secrets = new SecretSet(['one-secret', 'two-secret', 'two-secret', 'a longer secret by far']);
    for (const secret of ['one-secret', 'two-secret', 'a longer secret by far'])
      expect(secrets.has(secret)).toBe(true);
    for (const other of ['', 'one-secre', 'one-secret ', 'ONE-SECRET'])
      expect(secrets.has(other)).toBe(false);
    expect(new SecretSet([]).has('')).toBe(false);
  });
});
