/**
 * Embeddings are cached by input: of a request's inputs those that are known are served, those that another request
 * has on its way are waited for, and only the rest, each once, is asked of the upstream.
 */
import { performance } from 'node:perf_hooks';
import type { BatchFacts, BatchOutcome } from '#lib/batching/batcher.ts';
import type { Refusal } from '#lib/breaker/types.ts';
import type { CacheEntry } from '#lib/cache/entry.ts';
import { ageMsOf } from '#lib/cache/freshness.ts';
import type { Found, ResponseCache } from '#lib/cache/response-cache.ts';
import type { Config } from '#lib/contracts/config.ts';
import type { Background, BackgroundCall } from '#lib/gateway/background.ts';
import { BatcherSet } from '#lib/gateway/batches.ts';
import { digest, microsOf } from '#lib/gateway/cache-policy.ts';
import { blamesItems, Flight, type FlightEnd, failedBy, type Waiter } from '#lib/gateway/flight.ts';
import { keptIn, valueOfKept } from '#lib/gateway/kept-vector.ts';
import type { Source } from '#lib/gateway/large/jobs.ts';
import type { LargeAnswers } from '#lib/gateway/large/large-answers.ts';
import { sharedHeaders } from '#lib/gateway/scope.ts';
import type { Holdings } from '#lib/gateway/shared/holdings.ts';
import { TokenEstimate } from '#lib/gateway/token-estimate.ts';
import type { Json, JsonObject, Usage } from '#lib/protocols/types.ts';
import {
  cosine,
  LEGACY_PATH,
  modelIn,
  tokensPerItem,
  valuesOf,
  vectorsIn,
  withInputs,
} from '#lib/protocols/vectors.ts';
import { type CallObserver, type RequestTrace, SharedTrace } from '#lib/telemetry/request-trace.ts';
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
  /** Neither read nor kept. */
  readonly isBypass: boolean;
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
  fetched(bundle: Bundle, entries: ReadonlyMap<string, CacheEntry>): void;
  notFetched(bundle: Bundle, error: FlightEnd): void;
}

export interface EmbeddingCacheParts {
  readonly cache: ResponseCache;
  readonly background: Background;
  readonly holdings: Holdings;
  readonly large: LargeAnswers;
  readonly config: () => Config;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly onCanaryFailed: (upstream: string, model: string, cosine: number) => void;
}

/** What a call brought its bundles. */
export interface Fetched {
  readonly entries: readonly CacheEntry[];
  readonly flight: Flight;
  readonly usage: Usage | null;
  /** The whole of a large answer, which is not parsed here. */
  readonly source: Source | null;
}

/** Vectors of one input say the same when they point the same way. */
const SAME_COSINE = 0.999;
const MAX_TRUSTED = 1_000;

export class EmbeddingCache {
  readonly batchers: BatcherSet<Bundle, Fetched, FlightEnd>;
  readonly tokens = new TokenEstimate();
  /** Inputs that were on their way already when somebody asked for them. */
  duplicates = 0;
  readonly #parts: EmbeddingCacheParts;
  readonly #bundles = new Map<string, Bundle>();
  readonly #refreshing = new Set<string>();
  /** Models whose batched vectors were compared with single ones: whether they may be batched. */
  readonly #trusted = new Map<string, boolean>();

  constructor(parts: EmbeddingCacheParts) {
    this.#parts = parts;
    this.batchers = new BatcherSet('embedding', parts.config, parts.monotonicMs, (bundles, report) =>
      this.#run(bundles, report),
    );
  }

  get now(): () => number {
    return this.#parts.now;
  }

  /** What memory has and the plan takes, late entries too. */
  peek(key: string, plan: EmbeddingPlan): Found | null {
    return this.#accepted(this.#parts.cache.peek(key), plan);
  }

  /** Whether there is more than memory. */
  get looksFurther(): boolean {
    return this.#parts.cache.remote?.available === true;
  }

  async lookUp(items: readonly Item[], plan: EmbeddingPlan): Promise<(Found | null)[]> {
    const { cache, model } = plan;
    const found = await this.#parts.cache.lookUp(items.map(({ key }) => ({ key, cache, model })));
    return found.map((each) => (each?.freshness === 'stale' ? null : this.#accepted(each, plan)));
  }

  running(key: string): Bundle | undefined {
    return this.#bundles.get(key);
  }

  /**
   * Asks for items in one call, perhaps together with those of other requests. Others may wait for them when the plan
   * reads. @returns the breaker's refusal when it is known at once @throws SwitchgearError `queue_full`
   */
  ask(
    asked: EmbeddingsAsked,
    items: readonly Item[],
    trace: RequestTrace,
    waiter: ItemWaiter,
  ): Bundle | Refusal {
    const { plan, upstream } = asked;
    const refusal = upstream.breakers.embeddings.refusal();
    if (refusal !== null) return refusal;
    let [tokens, bytes] = [0, 0];
    for (const { input } of items) {
      const estimate = this.tokens.of(plan.model, input);
      tokens += estimate.tokens;
      bytes += estimate.bytes;
    }
    const bundle = new Bundle(asked, items, trace, waiter, () => {
      for (const { key } of items) if (this.#bundles.get(key) === bundle) this.#bundles.delete(key);
    });
    bundle.entry = this.batchers.of(upstream).add({
      group: groupOf(asked, items),
      payload: bundle,
      weight: items.length,
      tokens,
      bytes,
      isAlone: plan.path === LEGACY_PATH || this.#trusted.get(trustKey(asked)) === false,
      done: (fetched, batch) => bundle.done(fetched, batch),
      failed: (error) => bundle.failed('kind' in error ? error : failedBy(error)),
    });
    if (plan.reads) for (const { key } of items) this.#bundles.set(key, bundle);
    return bundle;
  }

  /** Counts what a request was given of what is kept, and makes anew or checks what is due. */
  served(
    asked: EmbeddingsAsked,
    found: ReadonlyMap<Item, Found>,
    { isStale, isDrawn }: { isStale: boolean; isDrawn: boolean },
  ): void {
    const { cache, background } = this.#parts;
    const { plan, upstream } = asked;
    const late: Item[] = [];
    for (const [item, { held, tier, freshness }] of found) {
      const how = isStale ? 'stale' : tier === 'memory' ? 'hit_memory' : 'hit_redis';
      cache.countServed(how, held.entry, microsOf(held.entry, upstream.config));
      if (freshness === 'refresh' && !this.#bundles.has(item.key) && !this.#refreshing.has(item.key))
        late.push(item);
    }
    const [first] = found;
    if (first === undefined) return;
    if (isStale) {
      const open = () => this.#anew(asked, [...found.keys()]);
      background.noteStale(`${plan.base} ${first[0].key}`, `${upstream.name}.embeddings`, open);
    } else if (background.isBusy) return;
    else if (late.length > 0) background.run(this.#anew(asked, late));
    else if (isDrawn) background.run(this.#check(asked, ...first));
  }

  count({ cache }: EmbeddingPlan, how: 'miss' | 'coalesced' | 'bypass', items: number): void {
    if (items > 0) this.#parts.cache.count(cache, how, items);
  }

  /** Limits of a changed configuration; models are tried anew. */
  reconfigured(upstreams: readonly Upstream[]): void {
    this.batchers.reconfigured(upstreams);
    this.#trusted.clear();
  }

  #run(bundles: readonly Bundle[], report: (outcome: BatchOutcome<Fetched, FlightEnd>) => void) {
    const [first] = bundles;
    if (first === undefined) throw new Error('a batch without bundles');
    const { asked } = first;
    const items = distinct(bundles.flatMap((bundle) => bundle.items));
    const now = performance.now();
    for (const { trace } of bundles) trace.batchEnded(now);
    const trace = new SharedTrace(bundles.map((bundle) => bundle.trace));
    const { flight, read } = this.#call(asked, items, trace);
    const waiter: Waiter = {
      takes: () => false,
      taken: 0,
      progress: () => {},
      complete: () => {
        const byKey = new Map(read().map((entry) => [entry.key, entry]));
        const results = bundles.map((bundle) => ({
          flight,
          usage: flight.usage,
          source: null,
          entries: bundle.items.flatMap(({ key }) => byKey.get(key) ?? []),
        }));
        report({ kind: 'done', results });
        if (bundles.length > 1) this.#tryCanary(asked, items, byKey);
        return true;
      },
      completeLarge: async (_, source) => {
        const { entries, usage, whole } = await this.#keepLarge(asked, items, flight, source);
        const byKey = new Map(entries.map((entry) => [entry.key, entry]));
        const results = bundles.map((bundle) => ({
          flight,
          usage,
          source: whole,
          entries: bundle.items.flatMap(({ key }) => byKey.get(key) ?? []),
        }));
        report({ kind: 'done', results });
        return usage;
      },
      failed: (end) => report({ kind: 'failed', error: end, blamesItems: blamesItems(end) }),
      found: () => {},
    };
    flight.join(waiter);
    const refusal = flight.start();
    if (refusal !== null) report({ kind: 'failed', error: { kind: 'refused', refusal }, blamesItems: false });
    return { abort: () => flight.leave(waiter) };
  }

  /** One upstream call for items; `read` keeps what came and throws what is none. */
  #call(asked: EmbeddingsAsked, items: readonly Item[], trace: CallObserver | null) {
    const { plan, upstream, headers, whole } = asked;
    const inputs = items.map(({ input }) => input);
    const isWhole = isSame(inputs, plan.inputs);
    const flight = new Flight({
      upstream,
      operation: 'embeddings',
      path: plan.path,
      body: isWhole ? whole : JSON.stringify(withInputs(plan.body, plan.path, inputs)),
      headers,
      stream: false,
      model: plan.model,
      trace,
      keepBytes: 0,
      openBytes: null,
      lookUp: null,
      onRecorded: null,
      onOver: () => {},
      holdings: this.#parts.holdings,
      now: this.#parts.now,
    });
    let entries: CacheEntry[] | null = null;
    const read = () => {
      entries ??= this.#keep(asked, items, flight);
      return entries;
    };
    return { flight, read };
  }

  /** Once for each model: whether vectors of a batch are those of single calls. Ollama once gave others. */
  #tryCanary(asked: EmbeddingsAsked, items: readonly Item[], batched: ReadonlyMap<string, CacheEntry>): void {
    const { background, onCanaryFailed, cache } = this.#parts;
    const name = trustKey(asked);
    const [item] = items.slice(1);
    const entry = item === undefined ? undefined : batched.get(item.key);
    if (item === undefined || entry === undefined || this.#trusted.has(name) || background.isBusy) return;
    if (this.#trusted.size < MAX_TRUSTED) this.#trusted.set(name, true);
    const { flight, read } = this.#call({ ...asked, plan: { ...asked.plan, isBypass: true } }, [item], null);
    const before = valuesOf(keptIn(entry.value).vector);
    background.run({
      flight,
      done: () => {
        const [single] = read();
        if (single === undefined) return;
        const same = cosine(before, valuesOf(keptIn(single.value).vector));
        if (same >= SAME_COSINE) return;
        this.#trusted.set(name, false);
        // What came in batches so far is not to be served.
        void cache.purge({ cache: asked.plan.cache, model: asked.plan.model });
        onCanaryFailed(asked.upstream.name, asked.plan.model, same);
      },
    });
  }

  #anew(asked: EmbeddingsAsked, items: readonly Item[]): BackgroundCall {
    const { flight, read } = this.#call(asked, items, null);
    for (const { key } of items) this.#refreshing.add(key);
    return {
      flight,
      done: () => {
        read();
        this.#parts.cache.count(asked.plan.cache, 'refreshes', items.length);
      },
      over: () => {
        for (const { key } of items) this.#refreshing.delete(key);
      },
    };
  }

  #check(asked: EmbeddingsAsked, item: Item, { held }: Found): BackgroundCall {
    const { cache } = this.#parts;
    const { flight, read } = this.#call(asked, [item], null);
    const before = valuesOf(keptIn(held.entry.value).vector);
    return {
      flight,
      done: () => {
        const [entry] = read();
        if (entry === undefined) return;
        cache.count(asked.plan.cache, 'checks');
        const now = valuesOf(keptIn(entry.value).vector);
        if (cosine(before, now) < SAME_COSINE) cache.count(asked.plan.cache, 'wrong_hits');
      },
    };
  }

  /** @throws SwitchgearError `upstream_invalid` when the answer has not one vector for each item */
  #keep({ plan, upstream }: EmbeddingsAsked, items: readonly Item[], flight: Flight): CacheEntry[] {
    const { recorded, usage, durationMs } = flight;
    if (recorded?.form !== 'whole') return [];
    const model = modelIn(recorded.body) ?? plan.model;
    const values = vectorsIn(recorded.body, upstream.protocol, items.length).map((vector) =>
      valueOfKept({ vector, model }),
    );
    return this.#keepAll(plan, items, values, usage, durationMs);
  }

  /** As `#keep`, of what is too large to be parsed here. */
  async #keepLarge(
    { plan, upstream }: EmbeddingsAsked,
    items: readonly Item[],
    flight: Flight,
    source: Source,
  ) {
    if (source.from !== 'bytes') throw new Error('an upstream answers in bytes');
    const { model } = plan;
    const { values, usage, whole } = await this.#parts.large.vectors({
      kind: 'vectors',
      source,
      protocol: upstream.protocol,
      count: items.length,
      model,
    });
    const buffers = values.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length));
    const entries = this.#keepAll(plan, items, buffers, usage, flight.durationMs);
    return { entries, usage, whole: { from: 'bytes', chunks: [whole] } satisfies Source };
  }

  #keepAll(
    plan: EmbeddingPlan,
    items: readonly Item[],
    values: readonly Buffer[],
    usage: Usage | null,
    durationMs: number,
  ): CacheEntry[] {
    const { cache } = this.#parts;
    const inputs = items.map(({ input }) => input);
    const tokens = tokensPerItem(usage?.input ?? 0, inputs);
    if (usage !== null && inputs.every((input) => typeof input === 'string'))
      this.tokens.learn(plan.model, Buffer.byteLength(inputs.join('')), usage.input);
    return values.map((value, at) => {
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
        value,
      };
      if (plan.isBypass) return entry;
      cache.store(entry);
      cache.countStored(entry);
      return entry;
    });
  }

  #accepted(found: Found | null, { maxAgeMs }: EmbeddingPlan): Found | null {
    return found !== null && ageMsOf(found.held.entry, this.now()) <= maxAgeMs ? found : null;
  }
}

/** What one request asks for of its own: it goes upstream whole, alone or with others'. */
export class Bundle {
  readonly asked: EmbeddingsAsked;
  readonly items: readonly Item[];
  readonly trace: RequestTrace;
  entry: { cancel(): void } | null = null;
  /** Null until it is there. */
  fetched: Fetched | null = null;
  batch: BatchFacts | null = null;
  readonly #waiters = new Set<ItemWaiter>();
  readonly #onOver: () => void;

  constructor(
    asked: EmbeddingsAsked,
    items: readonly Item[],
    trace: RequestTrace,
    waiter: ItemWaiter,
    onOver: () => void,
  ) {
    this.asked = asked;
    this.items = items;
    this.trace = trace;
    this.#waiters.add(waiter);
    this.#onOver = onOver;
    trace.batchBegan(performance.now());
  }

  join(waiter: ItemWaiter): void {
    this.#waiters.add(waiter);
  }

  /** The last one to leave takes it back. */
  leave(waiter: ItemWaiter): void {
    if (!this.#waiters.delete(waiter) || this.#waiters.size > 0) return;
    this.#onOver();
    this.entry?.cancel();
  }

  done(fetched: Fetched, batch: BatchFacts): void {
    this.fetched = fetched;
    this.batch = batch;
    const entries = new Map(fetched.entries.map((entry) => [entry.key, entry]));
    for (const waiter of this.#take()) waiter.fetched(this, entries);
  }

  failed(end: FlightEnd): void {
    for (const waiter of this.#take()) waiter.notFetched(this, end);
  }

  #take(): ItemWaiter[] {
    this.#onOver();
    const all = [...this.#waiters];
    this.#waiters.clear();
    return all;
  }
}

/** Requests that can share a call: the same question but for its inputs, of one kind, from callers that may share. */
function groupOf({ plan, headers }: EmbeddingsAsked, items: readonly Item[]): string {
  const { encoding_format, user } = plan.body;
  const shared = sharedHeaders(headers);
  const kind = Array.isArray(items[0]?.input) ? 'tokens' : 'text';
  return digest(
    plan.base,
    kind,
    JSON.stringify([encoding_format ?? null, user ?? null, shared, plan.isBypass]),
  );
}

function trustKey({ upstream, plan }: EmbeddingsAsked): string {
  return `${upstream.name} ${plan.model}`;
}

function distinct(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.key, item])).values()];
}

function isSame(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
