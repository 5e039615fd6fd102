/**
 * How old an entry may be, and when it is made anew before it is too old:
 *
 *   refresh when  age - δ · β · ln(u) ≥ ttl        u uniform in (0, 1], β = 1, δ what the answer took to make
 *
 * (XFetch; Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.) Costly
 * and much asked answers are refreshed early by one caller, so that none waits for them.
 */
import type { CacheEntry } from '#lib/cache/entry.ts';

const BETA = 1;

export type Freshness = 'fresh' | 'refresh' | 'stale' | 'dead';

/**
 * @param nowMs epoch milliseconds
 * @param staleMs how long past its time an entry may stand in for a failing upstream
 * @param u uniform in (0, 1]
 */
export function freshnessOf(entry: CacheEntry, nowMs: number, staleMs: number, u: number): Freshness {
  const ageMs = ageMsOf(entry, nowMs);
  if (ageMs >= entry.ttlMs + staleMs) return 'dead';
  if (ageMs >= entry.ttlMs) return 'stale';
  return ageMs - entry.costMs * BETA * Math.log(u) >= entry.ttlMs ? 'refresh' : 'fresh';
}

/** A clock that was set back makes no entry younger than new. */
export function ageMsOf(entry: CacheEntry, nowMs: number): number {
  return Math.max(0, nowMs - entry.storedAtMs);
}

/** While somebody already fetches it anew, a late entry serves the others for at most another ttl. */
export function mayServeDuringRefresh(entry: CacheEntry, nowMs: number): boolean {
  return ageMsOf(entry, nowMs) < 2 * entry.ttlMs;
}
