import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheConfig } from '#lib/contracts/config.ts';
import { isHarmless } from '#lib/gateway/harmless-headers.ts';
import { upstreamHeaders } from '#lib/gateway/headers.ts';
import { scopeOf, sharedHeaders } from '#lib/gateway/scope.ts';
import { configOf } from './support.ts';

const { cache } = configOf({});
type Pairs = readonly (readonly [string, string])[];

/** As Node reads it: repeated headers joined or dropped, names in lower case. */
function requestOf(pairs: Pairs): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  const lines = pairs.flat();
  // What Node's own parser calls.
  (req as unknown as { _addHeaderLines(lines: string[], count: number): void })._addHeaderLines(
    lines,
    lines.length,
  );
  return req;
}
const of = (pairs: Pairs, config: CacheConfig = cache) => scopeOf(requestOf(pairs), config);
const differs = (name: string, config: CacheConfig = cache) =>
  of([[name, 'a']], config) !== of([[name, 'b']], config);

describe('the scope of callers', () => {
  it.each([
    'authorization',
    'x-goog-api-key',
    'ocp-apim-subscription-key',
    'x-litellm-api-key',
    'helicone-auth',
    'cf-aig-authorization',
    'cookie',
    'proxy-authorization',
    'openai-organization',
    'x-forwarded-user',
    'x-forwarded-prefix',
    'x-forwarded-client-cert',
    'x-portkey-provider',
    'x-portkey-config',
    'x-litellm-tags',
    'anthropic-beta',
    'anthropic-version',
    'x-tenant',
    'nobody-has-heard-of-it',
  ])('is another for another %s', (name) => expect(differs(name)).toBe(true));

  it.each([
    'user-agent',
    'accept',
    'content-length',
    'host',
    'traceparent',
    'x-request-id',
    'idempotency-key',
    'x-stainless-retry-count',
    'x-forwarded-for',
    'cf-ray',
    'sec-fetch-mode',
  ])('is the same for another %s', (name) => expect(differs(name)).toBe(false));

  it('is one for all credentials when it is shared, but not for anything else', () => {
    const { cache: shared } = configOf({ scope: 'shared' });
    for (const name of ['authorization', 'x-goog-api-key', 'cookie', 'openai-organization'])
      expect(differs(name, shared)).toBe(false);
    for (const name of ['openai-beta', 'x-litellm-tags', 'x-tenant'])
      expect(differs(name, shared)).toBe(true);
  });

  it('minds what an operator knows better', () => {
    const { cache: own } = configOf({ scope: 'shared', vary: ['user-agent'], ignore_headers: ['x-job-id'] });
    expect(differs('user-agent', own)).toBe(true);
    expect(differs('x-job-id', own)).toBe(false);
  });

  // The law. Names and values are few, so that they meet.
  const name = fc.constantFrom(
    ...['authorization', 'X-Api-Key', 'x-tenant', 'X-TENANT', 'a', 'a1', '1', '__proto__', 'constructor'],
    ...[
      'accept',
      'User-Agent',
      'traceparent',
      'Content-Length',
      'connection',
      'from',
      'cookie',
      'set-cookie',
    ],
  );
  const value = fc.oneof(
    fc.constantFrom('', '1', '2', 'x-tenant', 'keep-alive', '1:2', 'a:1:1'),
    fc.string(),
  );
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 6 });
  /** Sorted by name; the values of one name as they came. */
  const distinct = (given: Pairs) =>
    given
      .map(([each, text]) => [each.toLowerCase(), text] as const)
      .filter(([each]) => !isHarmless(each))
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const seenBy = (given: Pairs) => {
    const sent = upstreamHeaders(given.flat(), {
      requestId: 'r',
      authorization: null,
      forwardCredentials: true,
    });
    return distinct(
      Array.from({ length: sent.length / 2 }, (_, at) => [sent[2 * at] ?? '', sent[2 * at + 1] ?? '']),
    );
  };
  const unlessNamed = pairs.filter((given) => !given.some(([each]) => each === 'connection'));

  it('is read off requests as Node makes them', () => {
    const req = requestOf([
      ['X-Tenant', 'a'],
      ['x-tenant', 'b'],
    ]);
    expect([req.headers['x-tenant'], req.rawHeaders.length]).toEqual(['a, b', 4]);
  });

  it('is equal exactly when all that is not harmless is', () => {
    fc.assert(
      fc.property(unlessNamed, unlessNamed, (a, b) => {
        expect(of(a) === of(b)).toBe(JSON.stringify(distinct(a)) === JSON.stringify(distinct(b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not mind order, nor the case of names', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value), { selector: ([each]) => each.toLowerCase() }),
        (given) => {
          const other = given.toReversed().map(([each, text]) => [each.toUpperCase(), text] as const);
          expect(of(other)).toBe(of(given));
        },
      ),
    );
  });

  it('is shared only by requests that an upstream could not tell apart', () => {
    fc.assert(
      fc.property(
        pairs,
        fc.oneof(pairs, fc.constant(null)),
        fc.constantFrom('keep-alive', 'x-tenant', 'close, x-tenant'),
        (a, other, connection) => {
          // As it was, or with another header taken off on the way.
          const b: Pairs = other ?? [...a, ['connection', connection]];
          if (of(a) === of(b)) expect(seenBy(b)).toEqual(seenBy(a));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('callers that share one upstream call', () => {
  it('differ in what is harmless alone, whoever may be given the answer', () => {
    const same = ['content-type', 'application/json', 'authorization', 'Bearer a'];
    const base = sharedHeaders([...same, 'x-request-id', '1', 'user-agent', 'curl']);
    expect(sharedHeaders(['user-agent', 'x', ...same])).toBe(base);
    expect(sharedHeaders(['content-type', 'application/json', 'authorization', 'Bearer b'])).not.toBe(base);
    expect(sharedHeaders([...same, 'x-litellm-tags', 'a'])).not.toBe(base);
  });
});
