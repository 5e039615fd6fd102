/** What came back to a workload's clients within a while, as they saw it from outside. */
import { Histogram } from '#lib/stats/histogram.ts';

export interface Sample {
  readonly served: number;
  readonly failed: number;
  /** Times from being sent to the last byte, as packed histograms. */
  readonly servedMs: Uint8Array;
  readonly failedMs: Uint8Array;
  /** By the header `x-cache`, in lower case; `none` without it. */
  readonly cache: Readonly<Record<string, number>>;
  /** By the header `x-switchgear-upstream`, of those that were not kept. */
  readonly upstreams: Readonly<Record<string, number>>;
  /** Of answers that name the upstream that was asked: none for what was kept, and its share of each batch. */
  readonly upstreamCalls: number;
}

/** As answers tell it in their headers. */
export interface Answered {
  readonly isServed: boolean;
  readonly tookMs: number;
  readonly cache: string;
  readonly upstream: string | null;
  /** Of the upstream call that answered: its texts over those of the batch, 1 without one. */
  readonly share: number;
}

/** Answers that took no call of their own. */
const KEPT = new Set(['hit', 'stale', 'coalesced']);
/** Of headers that a foreign server may make up. */
const MAX_NAMES = 32;

export class Sampler {
  readonly #servedMs = new Histogram();
  readonly #failedMs = new Histogram();
  #cache: Record<string, number> = {};
  #upstreams: Record<string, number> = {};
  #upstreamCalls = 0;

  add({ isServed, tookMs, cache, upstream, share }: Answered): void {
    (isServed ? this.#servedMs : this.#failedMs).add(tookMs);
    count(this.#cache, cache);
    if (KEPT.has(cache) || upstream === null) return;
    count(this.#upstreams, upstream);
    this.#upstreamCalls += share;
  }

  merge(sample: Sample): void {
    this.#servedMs.mergePacked(sample.servedMs);
    this.#failedMs.mergePacked(sample.failedMs);
    for (const [name, more] of Object.entries(sample.cache)) count(this.#cache, name, more);
    for (const [name, more] of Object.entries(sample.upstreams)) count(this.#upstreams, name, more);
    this.#upstreamCalls += sample.upstreamCalls;
  }

  read(): Sample {
    return {
      served: this.#servedMs.total,
      failed: this.#failedMs.total,
      servedMs: this.#servedMs.pack(),
      failedMs: this.#failedMs.pack(),
      cache: { ...this.#cache },
      upstreams: { ...this.#upstreams },
      upstreamCalls: this.#upstreamCalls,
    };
  }

  /** What came since it was taken last. */
  take(): Sample {
    const sample = this.read();
    this.#servedMs.clear();
    this.#failedMs.clear();
    this.#cache = {};
    this.#upstreams = {};
    this.#upstreamCalls = 0;
    return sample;
  }

  /** Milliseconds of those that were served, and of those that were not. */
  percentiles(shares: readonly number[]): { served: (number | null)[]; failed: (number | null)[] } {
    return { served: this.#servedMs.percentiles(shares), failed: this.#failedMs.percentiles(shares) };
  }
}

function count(counts: Record<string, number>, name: string, more = 1): void {
  if (!Object.hasOwn(counts, name) && Object.keys(counts).length >= MAX_NAMES) return;
  counts[name] = (Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0) + more;
}
