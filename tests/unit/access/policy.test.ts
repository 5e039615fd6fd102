import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FREE_TRIES, LoginAttempts } from '#lib/access/login-attempts.ts';
import type { AccessPolicy, ControlFacts, DataFacts } from '#lib/access/policy.ts';
import { SESSION_COOKIE, SESSION_MS } from '#lib/access/session.ts';
import { SecretSet } from '#lib/access/tokens.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';
import { policyOf, revokedOf, sessionOf as sessionFor } from './support.ts';

const TOKEN = 'correct horse battery'.replaceAll(' ', '-');
const KEY = 'sk-data-plane-key';
const NOW = Date.UTC(2026, 0, 1);

const policy: typeof policyOf = (options) => policyOf({ now: () => NOW, ...options });

function facts(overrides: Partial<ControlFacts & DataFacts> = {}): ControlFacts & DataFacts {
  return {
    method: 'GET',
    host: 'localhost:8003',
    origin: undefined,
    authorization: undefined,
    xApiKey: undefined,
    apiKey: undefined,
    googleApiKey: undefined,
    cookie: undefined,
    secFetchSite: undefined,
    address: '192.0.2.1',
    ...overrides,
  };
}

const sessionOf = (access: AccessPolicy) => sessionFor(access, TOKEN);

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
    expect(loopback.admits({ cookie: undefined, authorization: undefined })).toBe(true);
    expect(sessionOf(loopback)).toBe('');
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

  it.each(['xApiKey', 'apiKey', 'googleApiKey'] as const)(
    'takes a key in %s, beside a wrong bearer too',
    (where) => {
      expect(access.checkData(facts({ [where]: KEY }))).toBeNull();
      expect(access.checkData(facts({ [where]: KEY, authorization: 'Bearer of-somebody-else' }))).toBeNull();
      for (const wrong of [`${KEY}x`, '', `Bearer ${KEY}`, `${KEY}, ${KEY}`])
        expect(access.checkData(facts({ [where]: wrong }))?.code).toBe('unauthorized');
    },
  );

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
    for (const token of ['wrong-token', ''])
      expect(access.openSession(token, 'a')).toMatchObject({
        kind: 'refused',
        refusal: { code: 'unauthorized' },
      });
    expect(access.openSession(TOKEN, 'a')).toMatchObject({
      kind: 'open',
      cookie: expect.stringMatching(
        /^switchgear_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
      ),
    });
    expect(access.closeSession(undefined)).toMatch(/^switchgear_session=; .*Max-Age=0$/);
  });

  it('end after twelve hours', () => {
    let now = NOW;
    const access = policy({ adminToken: TOKEN, now: () => now });
    const cookie = sessionOf(access);
    now = NOW + SESSION_MS - 1;
    expect(access.admits({ cookie: cookie, authorization: undefined })).toBe(true);
    now = NOW + SESSION_MS;
    expect(access.admits({ cookie: cookie, authorization: undefined })).toBe(false);
  });

  it('outlive a restart, but not another admin token', () => {
    const cookie = sessionOf(policy({ adminToken: TOKEN }));
    expect(policy({ adminToken: TOKEN }).admits({ cookie: cookie, authorization: undefined })).toBe(true);
    expect(policy({ adminToken: `${TOKEN}2` }).admits({ cookie: cookie, authorization: undefined })).toBe(
      false,
    );
  });

  it('end on the server when they are logged out, and no other ends with them', () => {
    const access = policy({ adminToken: TOKEN });
    const [mine, other] = [sessionOf(access), sessionOf(access)];
    expect(access.closeSession(`theme=dark; ${mine}`)).toContain('Max-Age=0');
    expect(access.checkControl(facts({ cookie: mine }))?.code).toBe('unauthorized');
    expect(access.actorOf({ cookie: mine, authorization: undefined })).toBe('local');
    expect(access.checkControl(facts({ cookie: other }))).toBeNull();
  });

  it('stay ended through a restart', () => {
    const store = new MemoryDocumentStore();
    const start = () => policy({ adminToken: TOKEN, revoked: revokedOf(() => NOW, store) });
    const before = start();
    const [mine, other] = [sessionOf(before), sessionOf(before)];
    before.closeSession(mine);
    const after = start();
    expect(after.admits({ cookie: mine, authorization: undefined })).toBe(false);
    expect(after.admits({ cookie: other, authorization: undefined })).toBe(true);
  });

  it('do not come back with a token that was changed and changed back', () => {
    const revoked = revokedOf(() => NOW);
    const before = sessionOf(policy({ adminToken: TOKEN, revoked }));
    revoked.endAll(SESSION_MS);
    const back = policy({ adminToken: TOKEN, revoked });
    expect(back.admits({ cookie: before, authorization: undefined })).toBe(false);
    expect(back.admits({ cookie: sessionOf(back), authorization: undefined })).toBe(true);
  });

  it('are found among other cookies and next to a stale one', () => {
    const access = policy({ adminToken: TOKEN });
    const cookie = `theme=dark; ${SESSION_COOKIE}=stale; ${sessionOf(access)};other=1`;
    expect(access.admits({ cookie: cookie, authorization: undefined })).toBe(true);
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
      expect(access.admits({ cookie: `${SESSION_COOKIE}=${candidate}`, authorization: undefined })).toBe(
        false,
      );
    }
    expect(access.admits({ cookie: `x${SESSION_COOKIE}=${value}`, authorization: undefined })).toBe(false);
    expect(access.admits({ cookie: `${SESSION_COOKIE}=${value}`, authorization: undefined })).toBe(true);
  });
});

describe('wrong admin tokens', () => {
  function slow() {
    let monotonicMs = 0;
    const attempts = new LoginAttempts({ monotonicMs: () => monotonicMs, onEvent: () => {} });
    const access = policy({ adminToken: TOKEN, attempts });
    const pass = (ms: number) => {
      monotonicMs += ms;
    };
    const fail = (count: number) => {
      for (let n = 0; n < count; n += 1) access.openSession('wrong-token', '192.0.2.1');
    };
    return { access, pass, fail };
  }
  const bearer = (token: string, address = '192.0.2.1') =>
    facts({ authorization: `Bearer ${token}`, address });

  it('make their address wait, at the login and as a bearer, even with the right one', () => {
    const { access, pass, fail } = slow();
    fail(FREE_TRIES);
    const locked = { code: 'rate_limit_exceeded', status: 429, retryAfterMs: 1_000 };
    expect(access.openSession(TOKEN, '192.0.2.1')).toMatchObject({ kind: 'refused', refusal: locked });
    expect(access.checkControl(bearer(TOKEN))).toMatchObject(locked);
    expect(access.checkControl(bearer(TOKEN, '192.0.2.2'))).toBeNull();
    pass(1_000);
    expect(access.checkControl(bearer(TOKEN))).toBeNull();
  });

  it('count on the control plane, too', () => {
    const { access } = slow();
    for (let n = 0; n < FREE_TRIES; n += 1)
      expect(access.checkControl(bearer('wrong-token'))?.code).toBe('unauthorized');
    expect(access.checkControl(bearer('wrong-token'))?.code).toBe('rate_limit_exceeded');
    expect(access.openSession(TOKEN, '192.0.2.1').kind).toBe('refused');
  });

  it('leave open sessions alone, and requests without a token', () => {
    const { access, fail } = slow();
    const cookie = sessionFor(access, TOKEN);
    fail(FREE_TRIES);
    expect(access.checkControl({ ...bearer('wrong-token'), cookie })).toBeNull();
    expect(access.checkControl(facts())?.code).toBe('unauthorized');
  });

  it('are forgiven by a right login', () => {
    const { access, fail } = slow();
    fail(FREE_TRIES - 1);
    expect(access.openSession(TOKEN, '192.0.2.1').kind).toBe('open');
    fail(FREE_TRIES - 1);
    expect(access.openSession(TOKEN, '192.0.2.1').kind).toBe('open');
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
