/** What of a request may be answered from what is kept, and kept for others: the rules, the client's wishes, the key. */
import { createHash } from 'node:crypto';
import type { CacheEntry } from '#lib/cache/entry.ts';
import type { CacheConfig, UpstreamConfig } from '#lib/contracts/config.ts';
import { canonicalRequest } from '#lib/protocols/canonical.ts';
import { objectIn } from '#lib/protocols/json.ts';
import type { ClientRequest, JsonObject } from '#lib/protocols/types.ts';
import { modelMatcher } from '#lib/upstream/models.ts';

/** `cache-control` of a request (RFC 9111, 5.2.1). */
export interface CacheWishes {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly maxAgeS: number | null;
}

export const NO_WISHES: CacheWishes = { noStore: false, noCache: false, maxAgeS: null };

/** What cannot be read is as if it were not there. */
export function wishesOf(header: string | undefined): CacheWishes {
  if (header === undefined) return NO_WISHES;
  const directives = header
    .toLowerCase()
    .split(',')
    .map((each) => each.trim());
  const maxAge = directives.map((each) => /^max-age\s*=\s*"?(\d{1,10})"?$/.exec(each)?.[1]).find(Boolean);
  return {
    noStore: directives.includes('no-store'),
    noCache: directives.includes('no-cache'),
    maxAgeS: maxAge === undefined ? null : Number(maxAge),
  };
}

export interface CacheRule {
  readonly responses: 'deterministic' | 'all' | 'off';
  readonly embeddings: boolean;
  readonly ttlMs: number;
}

interface ModelRule {
  readonly serves: (model: string) => boolean;
  readonly rule: UpstreamConfig['cache']['models'][string];
}
const RULES = new WeakMap<UpstreamConfig, readonly ModelRule[]>();

/** The rule of a model at an upstream: the first glob that matches, else the upstream's own. */
export function ruleOf(upstream: UpstreamConfig, model: string, cache: CacheConfig): CacheRule {
  const { models, ...base } = upstream.cache;
  let rules = RULES.get(upstream);
  if (rules === undefined) {
    rules = Object.entries(models).map(([glob, rule]) => ({ serves: modelMatcher([glob]), rule }));
    RULES.set(upstream, rules);
  }
  const rule = rules.find(({ serves }) => serves(model))?.rule;
  return {
    responses: rule?.responses ?? base.responses,
    embeddings: rule?.embeddings ?? base.embeddings,
    ttlMs: (rule?.ttl_s ?? base.ttl_s ?? cache.ttl_s) * 1_000,
  };
}

/** The same request makes the same answer: greedy decoding, or a fixed seed. */
export function isDeterministic({ body }: ClientRequest): boolean {
  const options = objectIn(body, 'options') ?? {};
  const temperature = body.temperature ?? options.temperature;
  const seed = body.seed ?? options.seed;
  return temperature === 0 || typeof seed === 'number';
}

/** Whether a chat or completion may be cached: by its rule, or because its client accepts an answer of some age. */
export function isCacheable(request: ClientRequest, rule: CacheRule, wishes: CacheWishes): boolean {
  // The upstream is to keep it, which an answer of ours would not make it do.
  if (request.body.store === true) return false;
  if (rule.responses === 'off') return false;
  return rule.responses === 'all' || isDeterministic(request) || (wishes.maxAgeS ?? 0) > 0;
}

/** Where two upstreams of one name are two: their answers must not be mixed after a change of the configuration. */
export function keyBase(upstream: UpstreamConfig, path: string, scope: string): string {
  return [upstream.name, upstream.kind, upstream.url ?? '', path, scope]
    .map((each) => JSON.stringify(each))
    .join();
}

export function keyOf(base: string, upstreamBody: JsonObject): string {
  return digest(base, canonicalRequest(upstreamBody));
}

/** 256 bits: nobody can make two requests of different tenants meet. */
export function digest(...parts: string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('base64url');
}

/** Millionths of the currency that the upstream would have charged. */
export function microsOf({ tokensIn, tokensOut }: CacheEntry, { price }: UpstreamConfig): number {
  return price === undefined ? 0 : tokensIn * price.input_per_mtok + tokensOut * price.output_per_mtok;
}
