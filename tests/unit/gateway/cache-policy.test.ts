import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCacheable, keyBase, keyOf, ruleOf, wishesOf } from '#lib/gateway/cache-policy.ts';
import { canonicalRequest } from '#lib/protocols/canonical.ts';
import { parseRequest } from '#lib/protocols/requests.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';
import { cacheableUpstream, configOf } from './support.ts';

describe('what a client wishes', () => {
  it.each([
    [undefined, [false, false, null]],
    ['no-store', [true, false, null]],
    ['No-Cache, max-age=60', [false, true, 60]],
    ['max-age = "5"', [false, false, 5]],
    ['max-age=0', [false, false, 0]],
    ['max-age=-1, max-age=x, private', [false, false, null]],
    ['max-age=99999999999', [false, false, null]],
    ['x-no-store', [false, false, null]],
  ])('%s', (header, [noStore, noCache, maxAgeS]) => {
    expect(wishesOf(header as string | undefined)).toEqual({ noStore, noCache, maxAgeS });
  });
});

describe('what may be cached', () => {
  const chat = (more: JsonObject) =>
    parseRequest('openai.chat', { model: 'm', messages: [{ role: 'user', content: 'x' }], ...more });
  const rule = (responses: 'deterministic' | 'all' | 'off') => ({ responses, embeddings: true, ttlMs: 1 });
  const wishes = (maxAgeS: number | null = null) => ({ noStore: false, noCache: false, maxAgeS });

  it.each([
    [{ temperature: 0 }, true],
    [{ seed: 7 }, true],
    [{ seed: 7, temperature: 1 }, true],
    [{ options: { temperature: 0 } }, true],
    [{}, false],
    [{ temperature: 0.1 }, false],
    [{ temperature: 0, store: true }, false],
    [{ seed: null, temperature: null }, false],
  ])('%j: %s', (more, expected) => {
    expect(isCacheable(chat(more as JsonObject), rule('deterministic'), wishes())).toBe(expected);
  });

  it('all, off, and a client that accepts an answer of some age', () => {
    const warm = chat({ temperature: 1 });
    expect(isCacheable(warm, rule('all'), wishes())).toBe(true);
    expect(isCacheable(warm, rule('deterministic'), wishes(60))).toBe(true);
    expect(isCacheable(warm, rule('deterministic'), wishes(0))).toBe(false);
    expect(isCacheable(chat({ temperature: 0 }), rule('off'), wishes(60))).toBe(false);
  });

  it('the first glob that matches a model overrides, field by field', () => {
    const upstream = cacheableUpstream({
      ttl_s: 10,
      models: { 'gpt-*-mini': { responses: 'all' }, 'gpt-*': { ttl_s: 5, embeddings: false } },
    });
    const { cache } = configOf({});
    expect(ruleOf(upstream, 'gpt-5-mini', cache)).toEqual({
      responses: 'all',
      embeddings: true,
      ttlMs: 10_000,
    });
    expect(ruleOf(upstream, 'gpt-5', cache)).toEqual({
      responses: 'deterministic',
      embeddings: false,
      ttlMs: 5_000,
    });
    expect(ruleOf(cacheableUpstream({}), 'x', cache).ttlMs).toBe(3_600_000);
  });
});

describe('the key', () => {
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  const body = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }).map((name) => `f_${name}`),
    json,
    { maxKeys: 6 },
  );
  const base = keyBase(cacheableUpstream({}), '/chat/completions', 'scope');
  const shuffled = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, inner]) => [name, shuffled(inner)]),
    );
  };

  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(body, (given) => {
        expect(keyOf(base, shuffled(given) as JsonObject)).toBe(keyOf(base, given));
      }),
    );
  });

  it('changes with every field that may change an answer', () => {
    fc.assert(
      fc.property(
        body,
        fc.string().map((name) => `g_${name}`),
        fc.oneof(fc.string({ minLength: 1 }), fc.integer()),
        (given, name, value) => {
          expect(keyOf(base, { ...given, [name]: value })).not.toBe(keyOf(base, given));
        },
      ),
    );
  });

  it('keeps upstreams, paths and scopes apart', () => {
    const keys = [
      keyBase(cacheableUpstream({}), '/a', 's'),
      keyBase(cacheableUpstream({}), '/b', 's'),
      keyBase(cacheableUpstream({}), '/a', 't'),
      keyBase({ ...cacheableUpstream({}), name: 'other' }, '/a', 's'),
      keyBase({ ...cacheableUpstream({}), url: 'http://elsewhere' }, '/a', 's'),
    ].map((each) => keyOf(each, {}));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each([
    ['delivery', { stream: true, stream_options: { include_usage: true } }, {}],
    ['who pays', { user: 'u', metadata: { a: 1 }, service_tier: 'flex' }, {}],
    ['defaults', { n: 1, logprobs: false, tools: [], stop: null }, {}],
    ['two names of one limit', { max_completion_tokens: 5 }, { max_tokens: 5 }],
    ['a single stop', { stop: 'x' }, { stop: ['x'] }],
    [
      'a message in one part',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }], name: null }] },
      { messages: [{ content: 'x', role: 'user' }] },
    ],
  ])('is the same in spite of %s', (_, a, b) => {
    expect(canonicalRequest(a as JsonObject)).toBe(canonicalRequest(b as JsonObject));
  });

  it('minds the order where models do: in the schema of an answer', () => {
    const schema = (properties: JsonObject) => ({
      response_format: { type: 'json_schema', json_schema: { schema: { properties } } },
    });
    expect(canonicalRequest(schema({ a: 1, b: 2 }))).not.toBe(canonicalRequest(schema({ b: 2, a: 1 })));
  });

  it('keeps a field that is called __proto__', () => {
    const body = (text: string) => canonicalRequest(JSON.parse(text));
    expect(body('{"model":"m","__proto__":{"a":1}}')).not.toBe(body('{"model":"m"}'));
    const said = (more: string) => body(`{"messages":[{"role":"user",${more}"content":"x"}]}`);
    expect(said('"__proto__":{"a":1},')).not.toBe(said(''));
  });
});
