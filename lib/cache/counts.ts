/** What a cache did, in total and second by second for the last 1,000 seconds. Recording is one addition. */

import type { CacheEntry } from '#lib/cache/entry.ts';

export const COUNTERS = [
  'hit_memory',
  'hit_redis',
  'stale',
  'coalesced',
  'miss',
  'miss_ms',
  'bypass',
  'bytes_hit',
  'bytes_missed',
  'evicted_size',
  'evicted_ttl',
  'evicted_purge',
  'saved_calls',
  'saved_ms',
  'saved_tokens_in',
  'saved_tokens_out',
  'saved_micros',
  'refreshes',
  'checks',
  'wrong_hits',
] as const;
export type Counter = (typeof COUNTERS)[number];
export type Counts = Record<Counter, number>;

const RING_S = 1_001;
const INDEX = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<Counter, number>;
const WIDTH = COUNTERS.length;
const BYTES_HIT = INDEX.bytes_hit;
const SAVED_CALLS = INDEX.saved_calls;
const SAVED_MS = INDEX.saved_ms;
const SAVED_TOKENS_IN = INDEX.saved_tokens_in;
const SAVED_TOKENS_OUT = INDEX.saved_tokens_out;
const SAVED_MICROS = INDEX.saved_micros;

export class CacheCounts {
  readonly #now: () => number;
  readonly #totals = new Float64Array(WIDTH);
  /** Totals as they were when each second began. Until something is counted all are nought, and need no room. */
  #ring: Float64Array | null = null;
  readonly #beganAtS: number;
  #second: number;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#second = Math.floor(now() / 1_000);
    this.#beganAtS = this.#second;
  }

  add(counter: Counter, by = 1): void {
    this.#turn();
    this.#ring ??= new Float64Array(RING_S * WIDTH);
    const index = INDEX[counter];
    this.#totals[index] = (this.#totals[index] ?? 0) + by;
  }

  /** An answer from what is kept, and what it saved: one turn for all its counters. */
  addServed(
    how: 'hit_memory' | 'hit_redis' | 'stale',
    { value, costMs, tokensIn, tokensOut }: CacheEntry,
    micros: number,
  ): void {
    this.#turn();
    this.#ring ??= new Float64Array(RING_S * WIDTH);
    const totals = this.#totals;
    totals[INDEX[how]] = (totals[INDEX[how]] ?? 0) + 1;
    totals[BYTES_HIT] = (totals[BYTES_HIT] ?? 0) + value.length;
    totals[SAVED_CALLS] = (totals[SAVED_CALLS] ?? 0) + 1;
    totals[SAVED_MS] = (totals[SAVED_MS] ?? 0) + costMs;
    totals[SAVED_TOKENS_IN] = (totals[SAVED_TOKENS_IN] ?? 0) + tokensIn;
    totals[SAVED_TOKENS_OUT] = (totals[SAVED_TOKENS_OUT] ?? 0) + tokensOut;
    totals[SAVED_MICROS] = (totals[SAVED_MICROS] ?? 0) + micros;
  }

  total(): Counts {
    return this.#named((index) => this.#totals[index] ?? 0);
  }

  /** The running second and the `seconds - 1` before it; since the beginning when that is shorter. */
  last(seconds: number): Counts {
    this.#turn();
    const from = Math.max(this.#beganAtS, this.#second - Math.min(seconds, RING_S - 1) + 1);
    const base = (from % RING_S) * WIDTH;
    return this.#named((index) => (this.#totals[index] ?? 0) - (this.#ring?.[base + index] ?? 0));
  }

  #turn(): void {
    const second = Math.floor(this.#now() / 1_000);
    const steps = Math.min(second - this.#second, RING_S);
    for (let step = steps; step > 0; step -= 1) {
      this.#ring?.set(this.#totals, ((second - step + 1) % RING_S) * WIDTH);
    }
    if (second > this.#second) this.#second = second;
  }

  #named(value: (index: number) => number): Counts {
    return Object.fromEntries(COUNTERS.map((name, index) => [name, value(index)])) as Counts;
  }
}
