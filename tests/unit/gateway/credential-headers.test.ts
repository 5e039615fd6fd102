import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCredential, withoutCredentials } from '#lib/gateway/credential-headers.ts';

describe('a credential', () => {
  it.each([
    'authorization',
    'proxy-authorization',
    'x-api-key',
    'api-key',
    'apikey',
    'x-goog-api-key',
    'ocp-apim-subscription-key',
    'x-amz-security-token',
    'x-auth-token',
    'cookie',
    'helicone-auth',
    'cf-access-client-secret',
    'cf-access-jwt-assertion',
    'x-hub-signature-256',
    'x-forwarded-client-cert',
    'x-forwarded-access-token',
    'x-session-token',
    'x-password',
  ])('is %s', (name) => expect(isCredential(name)).toBe(true));

  it.each([
    'idempotency-key',
    'x-stainless-arch',
    'anthropic-beta',
    'openai-organization',
    'x-tenant',
    'user-agent',
  ])('is not %s', (name) => expect(isCredential(name)).toBe(false));
});

describe('a request target', () => {
  it.each([
    ['/api/tags', '/api/tags'],
    ['/v1/x?api-version=1&key=AIza&b=', '/v1/x?api-version=1&b='],
    ['/v1/x?api_key=1', '/v1/x'],
    ['/v1/x?%6Bey=1&access%5Ftoken=2&ok=1', '/v1/x?ok=1'],
    ['/v1/x?%ff=1&ok=1', '/v1/x?ok=1'],
    ['/v1/x?KEY', '/v1/x'],
    ['/v1/x?', '/v1/x?'],
  ])('%s goes on as %s', (given, kept) => expect(withoutCredentials(given)).toBe(kept));

  it('keeps what it does not take out as it came', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.array(fc.constantFrom('a=1', 'b', 'c=%20')), (path, query) => {
        const target = query.length === 0 ? path : `${path}?${query.join('&')}`;
        expect(withoutCredentials(target)).toBe(target);
      }),
    );
  });
});
