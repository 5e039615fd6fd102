/**
 * Answers as their clients were sent them, by the exact bytes of the request: a repeat is neither parsed nor rendered
 * again. A rendering is served only while each entry that it was made from may be.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CacheEntry } from '#lib/cache/entry.ts';
import type { Held } from '#lib/cache/memory-tier.ts';
import type { ResponseCache } from '#lib/cache/response-cache.ts';
import type { Endpoint } from '#lib/protocols/types.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

export interface Rendering {
  readonly held: readonly Held[];
  readonly upstream: Upstream;
  readonly model: string;
  readonly stream: boolean;
  /** Text while it is short, which leaves in one write with its headers. */
  readonly body: string | Buffer;
}

/** Of the cache's budget, kept beside the entries. */
const SHARE = 0.25;
const OVERHEAD_BYTES = 300;
const MAX_PLAIN_BYTES = 2_048;

export class Renderings {
  readonly #cache: ResponseCache;
  #lru: LRUCache<string, Rendering>;

  constructor(cache: ResponseCache) {
    this.#cache = cache;
    this.#lru = open(cache);
  }

  get bytes(): number {
    return this.#lru.calculatedSize;
  }

  static keyOf(endpoint: Endpoint, scope: string, bytes: Buffer): string {
    // As they are while they are short, which costs less than a digest; none can be taken for the other.
    const request =
      bytes.length <= MAX_PLAIN_BYTES
        ? `=${bytes.toString('latin1')}`
        : `#${hash('sha256', bytes, 'base64')}`;
    return `${endpoint} ${scope} ${request}`;
  }

  /** Null when there is none, or when one of its entries needs more than being served. */
  get(key: string): Rendering | null {
    const rendering = this.#lru.get(key);
    if (rendering === undefined) return null;
    for (const held of rendering.held) {
      const freshness = this.#cache.freshness(held);
      if (freshness === 'fresh') continue;
      if (freshness === null) this.#lru.delete(key);
      return null;
    }
    return rendering;
  }

  set(key: string, rendering: Rendering): void {
    this.#lru.set(key, rendering);
  }

  clear(): void {
    this.#lru = open(this.#cache);
  }
}

function open(cache: ResponseCache): LRUCache<string, Rendering> {
  return new LRUCache<string, Rendering>({
    maxSize: Math.max(1, Math.floor(cache.memory.maxBytes * SHARE)),
    sizeCalculation: ({ body, held }, key) => body.length + key.length + held.length * 16 + OVERHEAD_BYTES,
  });
}

/** Seconds since the oldest of them was made. */
export function ageSOf(entries: readonly Pick<CacheEntry, 'storedAtMs'>[], nowMs: number): number {
  let oldestMs = nowMs;
  for (const { storedAtMs } of entries) oldestMs = Math.min(oldestMs, storedAtMs);
  return Math.floor((nowMs - oldestMs) / 1_000);
}
