/** What the caches did, as the control plane tells it. */
import type { Counts } from '#lib/cache/counts.ts';
import { hitRateOf, hitsOf, type ResponseCache } from '#lib/cache/response-cache.ts';
import {
  CACHE_WINDOWS_S,
  type CacheMetrics,
  type CacheSnapshot,
  type CacheView,
  type CacheWindow,
  type Ghosts,
  type RedisMetrics,
} from '#lib/contracts/cache.ts';

export interface ReportParts {
  readonly cache: ResponseCache;
  readonly enabled: boolean;
  readonly renderedBytes: number;
  readonly redis: RedisMetrics;
  readonly ghosts: Ghosts | null;
  /** Of a cache: how long its entries are fresh, and what its upstream's prices are in. */
  readonly termsOf: (cache: string) => { ttlS: number; currency: string | null };
  readonly nowMs: number;
}

/** Millionths, which prices per million tokens make of tokens. */
const MICROS = 1_000_000;

export function cacheMetrics(parts: ReportParts): CacheMetrics {
  const { cache, enabled, renderedBytes, redis, ghosts, nowMs } = parts;
  const names = cache.names();
  const views = Object.fromEntries(names.map((name) => [name, viewOf(name, parts)]));
  const total = cache.overall.total();
  const spent = total.miss_ms + total.saved_ms;
  return {
    timestamp: new Date(nowMs).toISOString(),
    enabled,
    caches: { ...views, redis },
    overall: {
      total_hits: hitsOf(total),
      total_misses: total.miss,
      overall_hit_rate: percentText(hitRateOf(total)),
      efficiency_score: spent === 0 ? null : (total.saved_ms / spent) * 100,
      windows: windowsOf(cache.overall),
      saved: savedByCurrency(names, parts),
      stampedes_prevented: total.coalesced,
    },
    memory: {
      entries: names.reduce((sum, name) => sum + cache.memory.sizeOf(name).entries, 0),
      bytes: cache.memory.bytes,
      max_bytes: cache.memory.maxBytes,
      rendered_bytes: renderedBytes,
    },
    ghosts,
  };
}

export function cacheSnapshot(
  cache: ResponseCache,
  enabled: boolean,
  redis: CacheSnapshot['redis'],
): CacheSnapshot {
  return {
    enabled,
    entries: cache.names().reduce((sum, name) => sum + cache.memory.sizeOf(name).entries, 0),
    bytes: cache.memory.bytes,
    max_bytes: cache.memory.maxBytes,
    recent: windowOf(cache.overall.last(SNAPSHOT_WINDOW_S), SNAPSHOT_WINDOW_S),
    saved_calls: cache.overall.total().saved_calls,
    redis,
  };
}

const SNAPSHOT_WINDOW_S = 100;

/** `63.20%`; what was never asked has hit nothing. */
export function percentText(rate: number | null): string {
  return `${((rate ?? 0) * 100).toFixed(2)}%`;
}

function viewOf(name: string, { cache, termsOf }: ReportParts): CacheView {
  const counts = cache.countsOf(name);
  const total = counts.total();
  const { entries, bytes } = cache.memory.sizeOf(name);
  const { ttlS, currency } = termsOf(name);
  return {
    size: entries,
    bytes,
    hits: hitsOf(total),
    misses: total.miss,
    hit_rate: percentText(hitRateOf(total)),
    ttl_seconds: ttlS,
    windows: windowsOf(counts),
    evictions: { size: total.evicted_size, ttl: total.evicted_ttl, purge: total.evicted_purge },
    saved: savedOf([total], currency),
    refreshes: total.refreshes,
    shadow_checks: {
      checks: total.checks,
      wrong_hits: total.wrong_hits,
      wrong_hit_rate: ratioOf(total.wrong_hits, total.checks - total.wrong_hits),
    },
  };
}

function windowsOf(counts: { last(seconds: number): Counts; total(): Counts }): CacheWindow[] {
  return CACHE_WINDOWS_S.map((seconds) =>
    windowOf(seconds === null ? counts.total() : counts.last(seconds), seconds),
  );
}

function windowOf(counts: Counts, window_s: number | null): CacheWindow {
  const { hit_memory, hit_redis, stale, coalesced, miss, bypass } = counts;
  return {
    window_s,
    outcomes: { hit_memory, hit_redis, stale, coalesced, miss, bypass },
    hit_ratio: hitRateOf(counts),
    byte_hit_ratio: ratioOf(counts.bytes_hit, counts.bytes_missed),
  };
}

/** Money of different currencies is not added up. */
function savedByCurrency(names: readonly string[], { cache, termsOf }: ReportParts) {
  const byCurrency = new Map<string | null, Counts[]>();
  for (const name of names) {
    const { currency } = termsOf(name);
    const same = byCurrency.get(currency) ?? [];
    same.push(cache.countsOf(name).total());
    byCurrency.set(currency, same);
  }
  return [...byCurrency].map(([currency, counts]) => savedOf(counts, currency));
}

function savedOf(counts: readonly Counts[], currency: string | null) {
  const sum = (read: (each: Counts) => number) => counts.reduce((total, each) => total + read(each), 0);
  return {
    calls: sum(({ saved_calls }) => saved_calls),
    ms: sum(({ saved_ms }) => saved_ms),
    tokens_in: sum(({ saved_tokens_in }) => saved_tokens_in),
    tokens_out: sum(({ saved_tokens_out }) => saved_tokens_out),
    money: currency === null ? null : sum(({ saved_micros }) => saved_micros) / MICROS,
    currency,
  };
}

function ratioOf(part: number, rest: number): number | null {
  return part + rest === 0 ? null : part / (part + rest);
}
