/**
 * Ghost caches: looks are sampled by key (Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015) and
 * replayed beside the event loop against half, once, twice and four times the budget.
 */
import { Worker } from 'node:worker_threads';
import type { CacheEntry } from '#lib/cache/entry.ts';
import { sizeOf } from '#lib/cache/entry.ts';
import type { Ghosts as GhostsView } from '#lib/contracts/cache.ts';

export interface GhostBatch {
  /** Keys whose hash is below it are in the sample. */
  threshold: number;
  keys: string[];
  hashes: number[];
  bytes: number[];
  atMs: number[];
  ttlMs: number[];
  /** What to replay now. */
  replay: { maxBytes: number; share: number } | null;
}

export interface GhostAnswer {
  looks: number;
  windowMs: number;
  sizes: { factor: number; hits: number; optimal: number }[];
  unlimited: number;
}

const HASHES = 64 ** 3;
/** Sampled looks a second, at most, before the sample is halved. */
const MAX_PER_TICK = 1_000;
const REPLAY_EVERY_TICKS = 5;
const MIN_LOOKS = 50;
/** A shorter past recommends nothing. */
const MIN_WINDOW_MS = 300_000;
/** A smaller size that loses less than this is better. */
const WORTH = 0.005;
const BYTES_PER_MB = 1024 * 1024;

export class Ghosts {
  readonly #now: () => number;
  readonly #maxBytes: () => number;
  readonly #onFailed: (error: unknown) => void;
  #worker: Worker | null = null;
  #batch: GhostBatch = emptyBatch(HASHES);
  #seen = 0;
  #seenBefore = 0;
  #ticks = 0;
  #isBusy = false;
  #isClosed = false;
  #view: GhostsView | null = null;

  /** @param now epoch milliseconds */
  constructor(now: () => number, maxBytes: () => number, onFailed: (error: unknown) => void) {
    this.#now = now;
    this.#maxBytes = maxBytes;
    this.#onFailed = onFailed;
  }

  /** Null until there was enough to replay. */
  get view(): GhostsView | null {
    return this.#view;
  }

  look(entry: CacheEntry): void {
    this.#seen += 1;
    const hash = hashOf(entry.key);
    const batch = this.#batch;
    if (hash >= batch.threshold) return;
    batch.keys.push(entry.key);
    batch.hashes.push(hash);
    batch.bytes.push(sizeOf(entry));
    batch.atMs.push(this.#now());
    batch.ttlMs.push(entry.ttlMs);
  }

  /** Once a second: hands over what was seen, and now and then asks what it means. */
  tick(): void {
    this.#ticks += 1;
    const batch = this.#batch;
    const isDue = this.#ticks % REPLAY_EVERY_TICKS === 0 && !this.#isBusy && this.#seen > this.#seenBefore;
    if (batch.keys.length === 0 && !isDue) return;
    const isTooMuch = batch.keys.length > MAX_PER_TICK;
    this.#batch = emptyBatch(isTooMuch ? Math.ceil(batch.threshold / 2) : batch.threshold);
    if (isDue) {
      this.#isBusy = true;
      this.#seenBefore = this.#seen;
      batch.replay = { maxBytes: this.#maxBytes(), share: batch.threshold / HASHES };
    }
    this.#thread()?.postMessage(batch);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #thread(): Worker | null {
    if (this.#worker !== null || this.#isClosed) return this.#worker;
    const worker = new Worker(new URL('./ghost-worker.ts', import.meta.url), { name: 'ghost-caches' });
    worker.unref();
    worker.on('message', (answer: GhostAnswer | null) => {
      this.#isBusy = false;
      if (answer !== null && answer.looks >= MIN_LOOKS) this.#view = this.#viewOf(answer);
    });
    worker.on('error', (error) => {
      this.#worker = null;
      this.#isBusy = false;
      this.#onFailed(error);
    });
    this.#worker = worker;
    return worker;
  }

  #viewOf({ looks, windowMs, sizes, unlimited }: GhostAnswer): GhostsView {
    const maxMb = this.#maxBytes() / BYTES_PER_MB;
    const curve = sizes.map(({ factor, hits, optimal }) => ({
      factor,
      memory_mb: maxMb * factor,
      hit_ratio: hits / looks,
      optimal_hit_ratio: optimal / looks,
    }));
    return {
      at: new Date(this.#now()).toISOString(),
      looks,
      sampled_from: this.#seen,
      window_s: windowMs / 1_000,
      sizes: curve,
      unlimited_hit_ratio: unlimited / looks,
      ...(windowMs < MIN_WINDOW_MS
        ? { recommended_mb: maxMb, recommendation: 'Too early to recommend a size' }
        : recommended(curve, maxMb)),
    };
  }
}

/** The smallest size that is as good as the largest, in words. */
export function recommended(
  curve: readonly { memory_mb: number; hit_ratio: number }[],
  presentMb: number,
): Pick<GhostsView, 'recommended_mb' | 'recommendation'> {
  const best = Math.max(...curve.map(({ hit_ratio }) => hit_ratio));
  const chosen = curve.find(({ hit_ratio }) => best - hit_ratio < WORTH);
  const present = curve.find(({ memory_mb }) => memory_mb === presentMb);
  if (chosen === undefined || present === undefined || chosen.memory_mb === presentMb)
    return { recommended_mb: presentMb, recommendation: 'The size is right' };
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  const change = `${percent(chosen.hit_ratio)} instead of ${percent(present.hit_ratio)}`;
  return {
    recommended_mb: chosen.memory_mb,
    recommendation:
      chosen.memory_mb < presentMb
        ? `Less would do: ${chosen.memory_mb} MB would have hit ${change}`
        : `More would pay: ${chosen.memory_mb} MB would have hit ${change}`,
  };
}

function emptyBatch(threshold: number): GhostBatch {
  return { threshold, keys: [], hashes: [], bytes: [], atMs: [], ttlMs: [], replay: null };
}

/** Keys are digests: three of their characters, in base 64, are as good as any hash. */
function hashOf(key: string): number {
  return (sixBits(key.charCodeAt(0)) << 12) | (sixBits(key.charCodeAt(1)) << 6) | sixBits(key.charCodeAt(2));
}

function sixBits(code: number): number {
  if (code >= 97) return code - 97 + 26;
  if (code === 95) return 63;
  if (code >= 65) return code - 65;
  return code >= 48 ? code - 48 + 52 : 62;
}
