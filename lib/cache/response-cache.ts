/**
 * Two tiers of answers: memory, and a shared store that may be slow, full or away without any request noticing more
 * than one bounded wait. It knows keys, ages and sizes; what an answer says is none of its business.
 */
import { CacheCounts, type Counter, type Counts } from '#lib/cache/counts.ts';
import { type CacheEntry, decodeEntry, encodeEntry } from '#lib/cache/entry.ts';
import { type Freshness, freshnessOf } from '#lib/cache/freshness.ts';
import { type Held, MemoryTier } from '#lib/cache/memory-tier.ts';

/** Names of caches and models; an absent one matches all. */
export interface PurgeScope {
  readonly cache?: string | undefined;
  readonly model?: string | undefined;
}

/** The shared tier. No method rejects: what cannot be had is not there. */
export interface RemoteTier {
  /** False while asking would cost time for nothing. */
  readonly available: boolean;
  get(keys: readonly RemoteKey[]): Promise<(Buffer | null)[]>;
  set(key: RemoteKey, value: Buffer, ttlMs: number): void;
  remove(key: RemoteKey): void;
  /** Also once it is back, when it is away. @returns keys that are gone now; null while it is away */
  purge(scope: PurgeScope): Promise<string[] | null>;
}

export type RemoteKey = Pick<CacheEntry, 'key' | 'cache' | 'model'>;

export interface CacheLimits {
  maxBytes: number;
  staleIfErrorMs: number;
}

export interface ResponseCacheParts {
  limits: CacheLimits;
  /** Epoch milliseconds. */
  now: () => number;
  monotonicMs: () => number;
  random: () => number;
  /** A value that cannot be read; it is treated as a miss. */
  onCorrupt: (key: RemoteKey) => void;
  /** Told of every look that had or got an entry: what a simulation of other sizes needs. */
  onLook: (entry: CacheEntry) => void;
}

export interface Found {
  readonly held: Held;
  readonly freshness: Exclude<Freshness, 'dead'>;
  readonly tier: 'memory' | 'redis';
}

/** Of the budget, what one entry may take at most. */
const MAX_ENTRY_SHARE = 0.25;
const SWEEP_EVERY_MS = 10_000;
/** Purges that still hide older entries of the shared tier; the oldest is forgotten, by then carried out. */
const MAX_MARKS = 100;

/** Of commands in plain words: what was understood of them. It is no upstream's, and counts towards no total. */
export const PARSES = 'nlp_processor';

export class ResponseCache {
  readonly #parts: ResponseCacheParts;
  readonly memory: MemoryTier;
  /** May change while it runs. */
  remote: RemoteTier | null = null;
  /** Of all caches together, those that are gone too. */
  readonly overall: CacheCounts;
  readonly #counts = new Map<string, CacheCounts>();
  readonly #marks: (PurgeScope & { atMs: number })[] = [];
  #limits: CacheLimits;
  #sweptAtMs: number;

  constructor(parts: ResponseCacheParts) {
    this.#parts = parts;
    this.#limits = parts.limits;
    this.#sweptAtMs = parts.monotonicMs();
    this.overall = new CacheCounts(parts.monotonicMs);
    this.memory = new MemoryTier({
      maxBytes: parts.limits.maxBytes,
      staleMs: () => this.#limits.staleIfErrorMs,
      monotonicMs: parts.monotonicMs,
      onEvicted: (entry, cause) => this.count(entry.cache, `evicted_${cause}`),
    });
  }

  get maxEntryBytes(): number {
    return Math.floor(this.memory.maxBytes * MAX_ENTRY_SHARE);
  }

  setLimits(limits: CacheLimits): void {
    this.#limits = limits;
    this.memory.resize(limits.maxBytes);
  }

  /** What memory has, whatever its age up to `stale_if_error`. */
  peek(key: string): Found | null {
    const held = this.memory.get(key);
    return held === undefined ? null : this.#found(held, 'memory');
  }

  /** How a rendering's entry stands now; null when it may not be served any more. */
  freshness(held: Held): Freshness | null {
    if (!held.alive) return null;
    return freshnessOf(held.entry, this.#parts.now(), this.#limits.staleIfErrorMs, 1 - this.#parts.random());
  }

  /** Looks into the shared tier, and takes what it has into memory. Same order as asked. */
  async lookUp(keys: readonly RemoteKey[]): Promise<(Found | null)[]> {
    const { remote } = this;
    if (remote === null || !remote.available || keys.length === 0) return keys.map(() => null);
    const values = await remote.get(keys);
    return keys.map((key, index) => {
      const bytes = values[index] ?? null;
      if (bytes === null) return null;
      const entry = decodeEntry(bytes);
      if (entry === 'foreign') return null;
      if (entry === null || entry.key !== key.key) {
        this.#parts.onCorrupt(key);
        remote.remove(key);
        return null;
      }
      if (this.#isPurged(entry)) return null;
      return this.#found(this.memory.set(entry, this.#parts.now()), 'redis');
    });
  }

  store(entry: CacheEntry): Held {
    this.#sweepWhenDue();
    const held = this.memory.set(entry, this.#parts.now());
    this.remote?.set(entry, encodeEntry(entry), entry.ttlMs + this.#limits.staleIfErrorMs);
    return held;
  }

  /** @returns how many entries are gone, each counted once whichever tiers had it */
  async purge(scope: PurgeScope): Promise<number> {
    const gone = new Set(this.purgeMemory(scope));
    for (const key of (await this.remote?.purge(scope)) ?? []) gone.add(key);
    return gone.size;
  }

  /** Memory alone, as when another replica has purged. */
  purgeMemory(scope: PurgeScope): string[] {
    this.#marks.push({ ...scope, atMs: this.#parts.now() });
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
    return this.memory.purge((entry) => matches(scope, entry));
  }

  count(cache: string, counter: Counter, by = 1): void {
    this.countsOf(cache).add(counter, by);
    this.overall.add(counter, by);
  }

  /** A look that was answered from what is kept. @param micros what it would have cost, in millionths of the currency */
  countServed(how: 'hit_memory' | 'hit_redis' | 'stale', entry: CacheEntry, micros: number): void {
    this.countsOf(entry.cache).addServed(how, entry, micros);
    this.overall.addServed(how, entry, micros);
    this.#parts.onLook(entry);
  }

  /** A look that needed the upstream, once its answer is there. */
  countStored(entry: CacheEntry): void {
    this.count(entry.cache, 'bytes_missed', entry.value.length);
    this.count(entry.cache, 'miss_ms', entry.costMs);
    this.#parts.onLook(entry);
  }

  countsOf(cache: string): CacheCounts {
    const known = this.#counts.get(cache);
    if (known !== undefined) return known;
    const counts = new CacheCounts(this.#parts.monotonicMs);
    this.#counts.set(cache, counts);
    return counts;
  }

  /** Forgets the caches of upstreams that are gone. */
  retain(ofUpstreams: ReadonlySet<string>): void {
    const caches = new Set([...ofUpstreams, PARSES]);
    for (const cache of this.#counts.keys()) if (!caches.has(cache)) this.#counts.delete(cache);
    this.memory.purge((entry) => !caches.has(entry.cache));
    for (const cache of caches) this.countsOf(cache);
  }

  names(): string[] {
    return [...this.#counts.keys()];
  }

  #found(held: Held, tier: Found['tier']): Found | null {
    const { entry } = held;
    const freshness = freshnessOf(
      entry,
      this.#parts.now(),
      this.#limits.staleIfErrorMs,
      1 - this.#parts.random(),
    );
    return freshness === 'dead' ? null : { held, freshness, tier };
  }

  #isPurged(entry: CacheEntry): boolean {
    return this.#marks.some((mark) => matches(mark, entry) && entry.storedAtMs <= mark.atMs);
  }

  #sweepWhenDue(): void {
    const nowMs = this.#parts.monotonicMs();
    if (nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    this.memory.sweep();
  }
}

export function matches(scope: PurgeScope, { cache, model }: Pick<CacheEntry, 'cache' | 'model'>): boolean {
  return (scope.cache ?? cache) === cache && (scope.model ?? model) === model;
}

/** Looks that were answered without an upstream call of their own, among those that might have been. */
export function hitRateOf(counts: Counts): number | null {
  const hits = hitsOf(counts);
  const looks = hits + counts.miss;
  return looks === 0 ? null : hits / looks;
}

export function hitsOf(counts: Counts): number {
  return counts.hit_memory + counts.hit_redis + counts.stale + counts.coalesced;
}
