/**
 * Embeddings are cached by input: of a request's inputs those that are known are served, those that another request
 * has on its way are waited for, and only the rest, each once, is asked of the upstream.
 */
import type { Refusal } from '#lib/breaker/types.ts';
import type { CacheEntry } from '#lib/cache/entry.ts';
import { ageMsOf } from '#lib/cache/freshness.ts';
import type { Found, ResponseCache } from '#lib/cache/response-cache.ts';
import type { Background, BackgroundCall } from '#lib/gateway/background.ts';
import { microsOf } from '#lib/gateway/cache-policy.ts';
import { Flight, type FlightEnd, type Waiter } from '#lib/gateway/flight.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';
import {
  cosine,
  modelIn,
  tokensPerItem,
  type Vector,
  valuesOf,
  vectorsIn,
  withInputs,
} from '#lib/protocols/vectors.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** How the cache takes part in one request for embeddings. */
export interface EmbeddingPlan {
  readonly kind: 'embeddings';
  readonly cache: string;
  readonly model: string;
  readonly ttlMs: number;
  readonly reads: boolean;
  readonly maxAgeMs: number;
  readonly takesStale: boolean;
  /** A digest of what all its items have in common, the credential's scope included. */
  readonly base: string;
  readonly inputs: readonly Json[];
  readonly path: string;
  /** As it goes upstream. */
  readonly body: JsonObject;
  /** Whether the upstream is asked for base64. */
  readonly isPacked: boolean;
}

/** The question, ready to be asked. */
export interface EmbeddingsAsked {
  readonly plan: EmbeddingPlan;
  readonly upstream: Upstream;
  readonly headers: string[];
  /** The whole request as it goes upstream when nothing of it is known. */
  readonly whole: string | Buffer;
}

export interface Item {
  readonly key: string;
  readonly input: Json;
}

/** Who waits for items. Neither method throws. */
export interface ItemWaiter {
  fetched(call: ItemCall, entries: ReadonlyMap<string, CacheEntry>): void;
  notFetched(call: ItemCall, end: FlightEnd): void;
}

/** Vectors of one input say the same when they point the same way. */
const SAME_COSINE = 0.999;

export class EmbeddingCache {
  readonly #cache: ResponseCache;
  readonly #background: Background;
  readonly #calls = new Map<string, ItemCall>();
  /** Epoch milliseconds. */
  readonly now: () => number;

  constructor(cache: ResponseCache, background: Background, now: () => number) {
    this.#cache = cache;
    this.#background = background;
    this.now = now;
  }

  /** What memory has and the plan takes, late entries too. */
  peek(key: string, plan: EmbeddingPlan): Found | null {
    return this.#accepted(this.#cache.peek(key), plan);
  }

  /** Whether there is more than memory. */
  get looksFurther(): boolean {
    return this.#cache.remote?.available === true;
  }

  async lookUp(items: readonly Item[], plan: EmbeddingPlan): Promise<(Found | null)[]> {
    const { cache, model } = plan;
    const found = await this.#cache.lookUp(items.map(({ key }) => ({ key, cache, model })));
    return found.map((each) => (each?.freshness === 'stale' ? null : this.#accepted(each, plan)));
  }

  running(key: string): ItemCall | undefined {
    return this.#calls.get(key);
  }

  /** A call for some items, which others may wait for when the plan reads. */
  call(asked: EmbeddingsAsked, items: readonly Item[], trace: RequestTrace | null): ItemCall {
    const { plan, upstream, headers, whole } = asked;
    const inputs = items.map(({ input }) => input);
    const isWhole = items.length === plan.inputs.length;
    const flight = new Flight({
      upstream,
      operation: 'embeddings',
      path: plan.path,
      body: isWhole ? whole : JSON.stringify(withInputs(plan.body, plan.path, inputs)),
      headers,
      stream: false,
      trace,
      keepBytes: 0,
      lookUp: null,
      onRecorded: null,
      onOver: () => {
        for (const { key } of items) if (this.#calls.get(key) === call) this.#calls.delete(key);
      },
      now: this.now,
    });
    const call = new ItemCall(flight, items, isWhole, () => this.#keep(asked, items, flight));
    if (plan.reads) for (const { key } of items) this.#calls.set(key, call);
    return call;
  }

  /** Counts what a request was given of what is kept, and makes anew or checks what is due. */
  served(
    asked: EmbeddingsAsked,
    found: ReadonlyMap<Item, Found>,
    { isStale, isDrawn }: { isStale: boolean; isDrawn: boolean },
  ): void {
    const { plan, upstream } = asked;
    const late: Item[] = [];
    for (const [item, { held, tier, freshness }] of found) {
      const how = isStale ? 'stale' : tier === 'memory' ? 'hit_memory' : 'hit_redis';
      this.#cache.countServed(how, held.entry, microsOf(held.entry, upstream.config));
      if (freshness === 'refresh' && !this.#calls.has(item.key)) late.push(item);
    }
    const [first] = found;
    if (first === undefined) return;
    if (isStale) {
      const open = () => this.#anew(asked, [...found.keys()]);
      this.#background.noteStale(`${plan.base} ${first[0].key}`, `${upstream.name}.embeddings`, open);
    } else if (this.#background.isBusy) return;
    else if (late.length > 0) this.#background.run(this.#anew(asked, late));
    else if (isDrawn) this.#background.run(this.#check(asked, ...first));
  }

  count({ cache }: EmbeddingPlan, how: 'miss' | 'coalesced', items: number): void {
    if (items > 0) this.#cache.count(cache, how, items);
  }

  #anew(asked: EmbeddingsAsked, items: readonly Item[]): BackgroundCall {
    const call = this.call(asked, items, null);
    return {
      flight: call.flight,
      done: () => {
        call.entries();
        this.#cache.count(asked.plan.cache, 'refreshes', items.length);
      },
    };
  }

  #check(asked: EmbeddingsAsked, item: Item, { held }: Found): BackgroundCall {
    const { cache } = asked.plan;
    const call = this.call({ ...asked, plan: { ...asked.plan, reads: false } }, [item], null);
    const before = valuesOf(keptIn(held.entry).vector);
    return {
      flight: call.flight,
      done: () => {
        const [entry] = call.entries();
        if (entry === undefined) return;
        this.#cache.count(cache, 'checks');
        const now = valuesOf(keptIn(entry).vector);
        if (cosine(before, now) < SAME_COSINE) this.#cache.count(cache, 'wrong_hits');
      },
    };
  }

  /** @throws SwitchgearError `upstream_invalid` when the answer has not one vector for each item */
  #keep({ plan, upstream }: EmbeddingsAsked, items: readonly Item[], flight: Flight): CacheEntry[] {
    const { recorded, usage, durationMs } = flight;
    if (recorded?.form !== 'whole') return [];
    const vectors = vectorsIn(recorded.body, upstream.protocol, items.length);
    const inputs = items.map(({ input }) => input);
    const tokens = tokensPerItem(usage?.input ?? 0, inputs);
    const model = modelIn(recorded.body) ?? plan.model;
    return vectors.map((vector, at) => {
      const entry: CacheEntry = {
        key: items[at]?.key ?? '',
        cache: plan.cache,
        model: plan.model,
        storedAtMs: this.now(),
        ttlMs: plan.ttlMs,
        costMs: Math.round(durationMs),
        tokensIn: tokens[at] ?? 0,
        tokensOut: 0,
        counted: usage !== null,
        value: valueOfKept({ vector, model }),
      };
      this.#cache.store(entry);
      this.#cache.countStored(entry);
      return entry;
    });
  }

  #accepted(found: Found | null, { maxAgeMs }: EmbeddingPlan): Found | null {
    return found !== null && ageMsOf(found.held.entry, this.now()) <= maxAgeMs ? found : null;
  }
}

/** One call for several items. */
export class ItemCall implements Waiter {
  readonly flight: Flight;
  readonly items: readonly Item[];
  /** Whether it asks for all that its client asked for, in the same order. */
  readonly isWhole: boolean;
  readonly isBlocked = false;
  readonly #read: () => CacheEntry[];
  #entries: CacheEntry[] | null = null;
  readonly #waiters = new Set<ItemWaiter>();

  constructor(flight: Flight, items: readonly Item[], isWhole: boolean, read: () => CacheEntry[]) {
    this.flight = flight;
    this.items = items;
    this.isWhole = isWhole;
    this.#read = read;
  }

  /** @returns the breaker's refusal when it is known at once; nobody is told of it then */
  begin(waiter: ItemWaiter): Refusal | null {
    this.#waiters.add(waiter);
    this.flight.join(this);
    return this.flight.start();
  }

  join(waiter: ItemWaiter): void {
    // Begun for the cache alone so far.
    if (this.#waiters.size === 0) this.flight.join(this);
    this.#waiters.add(waiter);
  }

  leave(waiter: ItemWaiter): void {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.flight.leave(this);
  }

  /** Of each item, kept for others. @throws SwitchgearError `upstream_invalid` */
  entries(): CacheEntry[] {
    this.#entries ??= this.#read();
    return this.#entries;
  }

  progress(): void {}

  complete(): void {
    const entries = new Map(this.entries().map((entry) => [entry.key, entry]));
    for (const waiter of this.#take()) waiter.fetched(this, entries);
  }

  failed(end: FlightEnd): void {
    for (const waiter of this.#take()) waiter.notFetched(this, end);
  }

  found(): void {}

  #take(): ItemWaiter[] {
    const all = [...this.#waiters];
    this.#waiters.clear();
    return all;
  }
}

/** What an entry says: width of a number, length of the model's name, name, numbers. */
export interface Kept {
  readonly vector: Vector;
  readonly model: string;
}

const HEAD_BYTES = 3;

function valueOfKept({ vector: { bytesPerValue, bytes }, model }: Kept): Buffer {
  const name = Buffer.from(model);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(bytesPerValue, 0);
  head.writeUInt16LE(name.length, 1);
  return Buffer.concat([head, name, bytes]);
}

export function keptIn({ value }: CacheEntry): Kept {
  const end = HEAD_BYTES + value.readUInt16LE(1);
  return {
    model: value.toString('utf8', HEAD_BYTES, end),
    vector: { bytesPerValue: value.readUInt8(0) === 4 ? 4 : 8, bytes: value.subarray(end) },
  };
}
