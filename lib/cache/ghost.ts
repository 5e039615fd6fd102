/**
 * What caches of other sizes would have made of a record of looks: least recently used as ours, and Belady's OPT ("A
 * study of replacement algorithms for a virtual-storage computer", 1966), which knows the future and drops what is
 * needed last. With entries of different sizes OPT itself is NP-hard; this greedy form is the usual yardstick.
 */
import { LRUCache } from 'lru-cache';

export interface Looks {
  /** By small whole numbers: equal keys have equal ones. */
  readonly keys: Int32Array;
  readonly bytes: Float64Array;
  /** Milliseconds, ascending; and how long an entry lives. */
  readonly atMs: Float64Array;
  readonly ttlMs: Float64Array;
}

/** Hits of a cache of that many bytes that drops what was used least recently. */
export function lruHits({ keys, bytes, atMs, ttlMs }: Looks, maxBytes: number): number {
  if (maxBytes < 1) return 0;
  const lru = new LRUCache<number, number>({ maxSize: Math.floor(maxBytes) });
  let hits = 0;
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] ?? 0;
    const storedMs = lru.get(key);
    if (storedMs !== undefined && (atMs[i] ?? 0) - storedMs < (ttlMs[i] ?? 0)) hits += 1;
    else lru.set(key, atMs[i] ?? 0, { size: Math.max(1, Math.ceil(bytes[i] ?? 0)) });
  }
  return hits;
}

/** Hits of a cache of that many bytes that drops, or does not take, what is needed furthest in the future. */
export function optimalHits(looks: Looks, maxBytes: number): number {
  const { keys, bytes, atMs, ttlMs } = looks;
  const next = nextUses(keys);
  /** By key: when it was stored, its size, when it is needed next. */
  const held = new Map<number, { storedMs: number; bytes: number; next: number }>();
  const byNext = new MaxHeap();
  let total = 0;
  let hits = 0;
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] ?? 0;
    const entry = held.get(key);
    const following = next[i] ?? NEVER;
    if (entry !== undefined && (atMs[i] ?? 0) - entry.storedMs < (ttlMs[i] ?? 0)) {
      hits += 1;
      entry.next = following;
    } else {
      if (entry !== undefined) total -= entry.bytes;
      const size = bytes[i] ?? 0;
      held.set(key, { storedMs: atMs[i] ?? 0, bytes: size, next: following });
      total += size;
    }
    byNext.push(following, key);
    while (total > maxBytes) {
      const furthest = byNext.pop();
      if (furthest === null) break;
      const victim = held.get(furthest.key);
      // Used again since it was pushed: its newer place stands for it.
      if (victim === undefined || victim.next !== furthest.at) continue;
      held.delete(furthest.key);
      total -= victim.bytes;
    }
  }
  return hits;
}

const NEVER = 0x7fffffff;

/** For each look, where its key is looked for again. */
function nextUses(keys: Int32Array): Int32Array {
  const next = new Int32Array(keys.length).fill(NEVER);
  const last = new Map<number, number>();
  for (let i = keys.length - 1; i >= 0; i -= 1) {
    const key = keys[i] ?? 0;
    next[i] = last.get(key) ?? NEVER;
    last.set(key, i);
  }
  return next;
}

/** The largest `at` first. */
class MaxHeap {
  readonly #at: number[] = [];
  readonly #key: number[] = [];

  push(at: number, key: number): void {
    let place = this.#at.length;
    this.#at.push(at);
    this.#key.push(key);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((this.#at[parent] ?? 0) >= at) break;
      this.#swap(place, parent);
      place = parent;
    }
  }

  pop(): { at: number; key: number } | null {
    const at = this.#at[0];
    const key = this.#key[0];
    if (at === undefined || key === undefined) return null;
    this.#swap(0, this.#at.length - 1);
    this.#at.pop();
    this.#key.pop();
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      let largest = place;
      if ((this.#at[left] ?? -1) > (this.#at[largest] ?? -1)) largest = left;
      if ((this.#at[right] ?? -1) > (this.#at[largest] ?? -1)) largest = right;
      if (largest === place) return { at, key };
      this.#swap(place, largest);
      place = largest;
    }
  }

  #swap(a: number, b: number): void {
    [this.#at[a], this.#at[b]] = [this.#at[b] ?? 0, this.#at[a] ?? 0];
    [this.#key[a], this.#key[b]] = [this.#key[b] ?? 0, this.#key[a] ?? 0];
  }
}
