/** Entries in memory, least recently used out first, within a budget of bytes that may change while it runs. */
import { LRUCache } from 'lru-cache';
import { type CacheEntry, sizeOf } from '#lib/cache/entry.ts';

export type EvictionCause = 'size' | 'ttl' | 'purge';

/** An entry, or what was rendered from some, as long as it may be served. */
export interface Held {
  readonly entry: CacheEntry;
  /** False once it was evicted, replaced or purged. */
  alive: boolean;
}

interface TierParts {
  maxBytes: number;
  /** How long past its ttl an entry is kept, ms. */
  staleMs: () => number;
  monotonicMs: () => number;
  onEvicted: (entry: CacheEntry, cause: EvictionCause) => void;
}

const CAUSES: Partial<Record<LRUCache.DisposeReason, EvictionCause>> = {
  evict: 'size',
  expire: 'ttl',
  delete: 'purge',
};

export class MemoryTier {
  readonly #parts: TierParts;
  #lru: LRUCache<string, Held>;
  readonly #sizes = new Map<string, { entries: number; bytes: number }>();
  #moving = false;

  constructor(parts: TierParts) {
    this.#parts = parts;
    this.#lru = this.#open(parts.maxBytes);
  }

  get maxBytes(): number {
    return this.#lru.maxSize;
  }

  get(key: string): Held | undefined {
    return this.#lru.get(key);
  }

  /** Marks as used what was served from a rendering. */
  touch(held: Held): void {
    this.#lru.get(held.entry.key);
  }

  set(entry: CacheEntry, nowMs: number): Held {
    const held: Held = { entry, alive: true };
    const leftMs = entry.storedAtMs + entry.ttlMs + this.#parts.staleMs() - nowMs;
    if (leftMs < 1) return held;
    this.#lru.set(entry.key, held, { ttl: leftMs, size: sizeOf(entry) });
    if (this.#lru.peek(entry.key) === held) this.#count(entry, 1);
    else held.alive = false;
    return held;
  }

  /** @returns keys that are gone */
  purge(matches: (entry: CacheEntry) => boolean): string[] {
    const gone: string[] = [];
    for (const held of this.#lru.values())
      if (held !== undefined && matches(held.entry)) gone.push(held.entry.key);
    for (const key of gone) this.#lru.delete(key);
    return gone;
  }

  /** Drops what has expired, so that sizes are true and evictions are counted when they are due. */
  sweep(): void {
    this.#lru.purgeStale();
  }

  sizeOf(cache: string): { entries: number; bytes: number } {
    return this.#sizes.get(cache) ?? { entries: 0, bytes: 0 };
  }

  get bytes(): number {
    return this.#lru.calculatedSize;
  }

  /** Takes a new budget; what does not fit goes, least recently used first. */
  resize(maxBytes: number): void {
    if (maxBytes === this.#lru.maxSize) return;
    const old = this.#lru;
    this.#lru = this.#open(maxBytes);
    this.#sizes.clear();
    this.#moving = true;
    // Least recently used first, so that the order is the same again.
    const kept = [...old.rvalues()].flatMap((held) =>
      held === undefined ? [] : [{ held, leftMs: old.getRemainingTTL(held.entry.key) }],
    );
    old.clear();
    this.#moving = false;
    for (const { held, leftMs } of kept) {
      const size = sizeOf(held.entry);
      held.alive = size <= maxBytes;
      if (!held.alive) {
        this.#parts.onEvicted(held.entry, 'size');
        continue;
      }
      this.#lru.set(held.entry.key, held, { ttl: Math.max(1, leftMs), size });
      this.#count(held.entry, 1);
    }
  }

  #open(maxBytes: number): LRUCache<string, Held> {
    return new LRUCache<string, Held>({
      maxSize: maxBytes,
      perf: { now: this.#parts.monotonicMs },
      ttlResolution: 0,
      dispose: (held, _, reason) => {
        held.alive = false;
        if (this.#moving) return;
        this.#count(held.entry, -1);
        const cause = CAUSES[reason];
        if (cause !== undefined) this.#parts.onEvicted(held.entry, cause);
      },
    });
  }

  #count(entry: CacheEntry, by: 1 | -1): void {
    const size = this.#sizes.get(entry.cache) ?? { entries: 0, bytes: 0 };
    this.#sizes.set(entry.cache, { entries: size.entries + by, bytes: size.bytes + by * sizeOf(entry) });
  }
}
