import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientHeaders, requestIdOf, upstreamHeaders } from '#lib/gateway/headers.ts';

const options = { requestId: 'r1', authorization: null, forwardCredentials: true };

/** Flat pairs as a record; a name that stands twice fails the test. */
function record(flat: string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? '';
    expect(out).not.toHaveProperty([name]);
    out[name] = flat[i + 1] ?? '';
  }
  return out;
}

describe('request headers', () => {
  it('strips hop-by-hop headers and those that Connection names', () => {
    const raw = [
      'Connection',
      'close, X-Secret-Hop',
      'X-Secret-Hop',
      '1',
      'TE',
      'trailers',
      'Keep-Alive',
      '5',
      'X-Keep',
      'yes',
    ];
    expect(record(upstreamHeaders(raw, options))).toEqual({
      'content-type': 'application/json',
      'x-request-id': 'r1',
      'x-keep': 'yes',
    });
  });

  it('never hands on cookies, origin or the caller host', () => {
    const raw = [
      'Cookie',
      'session=1',
      'Origin',
      'http://x',
      'Host',
      'gateway',
      'Sec-Fetch-Site',
      'none',
      'Referer',
      'r',
    ];
    expect(record(upstreamHeaders(raw, options))).toEqual({
      'content-type': 'application/json',
      'x-request-id': 'r1',
    });
  });

  const credentials = [
    ['Authorization', 'Bearer client'],
    ['X-Api-Key', 'k'],
    ['api-key', 'k'],
    ['X-Goog-Api-Key', 'k'],
    ['Ocp-Apim-Subscription-Key', 'k'],
    ['x-amz-security-token', 'k'],
    ['helicone-auth', 'k'],
  ];
  const passes = { 'x-tenant': 't', 'idempotency-key': 'i', 'openai-organization': 'o' };
  const raw = [...credentials, ...Object.entries(passes)].flat();
  const own = { 'content-type': 'application/json', 'x-request-id': 'r1' };

  it('keeps every credential of the client beside a key of ours, and nothing else', () => {
    expect(record(upstreamHeaders(raw, { ...options, authorization: 'Bearer own' }))).toEqual({
      ...own,
      ...passes,
      authorization: 'Bearer own',
    });
  });

  it('keeps every credential that was meant for us', () => {
    expect(record(upstreamHeaders(raw, { ...options, forwardCredentials: false }))).toEqual({
      ...own,
      ...passes,
    });
  });

  it("lets the client's own through where neither holds", () => {
    const lower = credentials.map(([name = '', value = '']) => [name.toLowerCase(), value]);
    expect(record(upstreamHeaders(raw, options))).toEqual({
      ...own,
      ...passes,
      ...Object.fromEntries(lower),
    });
  });

  it('never hands on a cookie, what a proxy asked for, or what is said to us', () => {
    const given = ['Cookie', 'a=1', 'Proxy-Authorization', 'Basic x', 'X-Switchgear-Session', 's'];
    expect(record(upstreamHeaders(given, options))).toEqual(own);
  });
});

describe('response headers', () => {
  it('keeps what belongs to the answer and drops what belongs to the hop or the origin', () => {
    const kept = clientHeaders({
      connection: 'x-hop',
      'x-hop': '1',
      'transfer-encoding': 'chunked',
      'content-length': '5',
      'content-encoding': 'gzip',
      'set-cookie': ['a=1'],
      'access-control-allow-origin': '*',
      'x-cache': 'hit',
      'x-request-id': 'theirs',
      'x-ratelimit-remaining': '9',
      'retry-after': '3',
    });
    expect(record(kept)).toEqual({
      'x-upstream-request-id': 'theirs',
      'x-ratelimit-remaining': '9',
      'retry-after': '3',
    });
  });
});

describe('request ids', () => {
  it('echoes a printable short one and mints for anything else', () => {
    expect(requestIdOf('abc-1', () => 'minted')).toBe('abc-1');
    for (const bad of [undefined, '', 'a b', 'x'.repeat(129), 'é', ['a', 'b']]) {
      expect(requestIdOf(bad, () => 'minted')).toBe('minted');
    }
  });

  it('never echoes what could break a header', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(requestIdOf(text, () => 'minted')).toMatch(/^[\x21-\x7e]{1,128}$/);
      }),
    );
  });
});
