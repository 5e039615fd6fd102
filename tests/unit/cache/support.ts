import type { CacheEntry } from '#lib/cache/entry.ts';

export function entryOf(more: Partial<CacheEntry> = {}): CacheEntry {
  return {
    key: 'k',
    cache: 'a_responses',
    model: 'm',
    storedAtMs: 0,
    ttlMs: 60_000,
    costMs: 0,
    tokensIn: 3,
    tokensOut: 2,
    counted: true,
    value: Buffer.from('value'),
    ...more,
  };
}
