/** One client's request for embeddings, put together from what is kept and from calls of its own and of others. */
import type { Refusal } from '#lib/breaker/types.ts';
import type { CacheEntry } from '#lib/cache/entry.ts';
import type { Held } from '#lib/cache/memory-tier.ts';
import type { Found } from '#lib/cache/response-cache.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { digest } from '#lib/gateway/cache-policy.ts';
import type {
  Bundle,
  EmbeddingCache,
  EmbeddingsAsked,
  Item,
  ItemWaiter,
} from '#lib/gateway/embedding-cache.ts';
import { type Answering, type FlightEnd, failedBy, type Waiter } from '#lib/gateway/flight.ts';
import { keptIn } from '#lib/gateway/kept-vector.ts';
import type { Source } from '#lib/gateway/large/jobs.ts';
import { LARGE_BYTES } from '#lib/gateway/large/large-answers.ts';
import { ageSOf } from '#lib/gateway/renderings.ts';
import type { Recorded } from '#lib/protocols/recorded.ts';
import type { Usage } from '#lib/protocols/types.ts';
import { type AnswerFrame, answerOf } from '#lib/protocols/vectors.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { ResponseHeaders, UpstreamCall } from '#lib/upstream/call.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** Of an answer in text, for a byte of a vector. */
const CHARS_PER_BYTE = 4;

export interface EmbeddingFlightOrder {
  readonly cache: EmbeddingCache;
  readonly asked: EmbeddingsAsked;
  readonly trace: RequestTrace;
  readonly waiter: Waiter;
  readonly isDrawn: () => boolean;
  readonly monotonicMs: () => number;
  /** When memory has been looked at. */
  readonly onLookedUp: () => void;
}

export class EmbeddingFlight implements Answering, ItemWaiter {
  readonly passage = null;
  recorded: Recorded | null = null;
  usage: Usage | null = null;
  headers: ResponseHeaders = {};
  call: UpstreamCall | null = null;
  origin: Answering['origin'] = null;
  batchSize: number | null = null;
  /** What a rendering of the answer depends on; empty unless all of it came from memory. */
  held: readonly Held[] = [];
  #bytes: Buffer | null = null;
  readonly #order: EmbeddingFlightOrder;
  readonly #startedAtMs: number;
  /** One for each input, equal ones the same. */
  readonly #items: readonly Item[];
  readonly #distinct: readonly Item[];
  readonly #found = new Map<Item, Found>();
  readonly #entries = new Map<string, CacheEntry>();
  readonly #pending = new Set<Bundle>();
  #own: Bundle | null = null;
  #isOver = false;

  constructor(order: EmbeddingFlightOrder) {
    this.#order = order;
    this.#startedAtMs = order.monotonicMs();
    const distinct = new Map<string, Item>();
    const { base, inputs } = order.asked.plan;
    this.#items = inputs.map((input) => {
      const key = digest(base, JSON.stringify(input));
      const item = distinct.get(key) ?? { key, input };
      distinct.set(key, item);
      return item;
    });
    this.#distinct = [...distinct.values()];
  }

  get upstream(): Upstream {
    return this.#order.asked.upstream;
  }

  get bytes(): Buffer {
    this.#bytes ??= Buffer.from(this.recorded?.form === 'whole' ? JSON.stringify(this.recorded.body) : '');
    return this.#bytes;
  }

  /** Begins. @returns the breaker's refusal when it is known at once; the flight is over then and nobody was told. */
  start(): Refusal | null {
    const { cache, asked, onLookedUp } = this.#order;
    const { plan } = asked;
    if (plan.reads) {
      for (const item of this.#distinct) {
        const found = cache.peek(item.key, plan);
        if (found !== null && found.freshness !== 'stale') this.#found.set(item, found);
      }
      onLookedUp();
    }
    const missing = this.#distinct.filter((item) => !this.#found.has(item));
    if (missing.length === 0) {
      this.#complete();
      return null;
    }
    if (!plan.reads || !cache.looksFurther) {
      try {
        return this.#ask(missing);
      } catch (thrown) {
        queueMicrotask(() => this.#fail(failedBy(thrown)));
        return null;
      }
    }
    cache.lookUp(missing, plan).then(
      (further) => {
        if (this.#isOver) return;
        for (const [at, item] of missing.entries()) {
          const found = further[at] ?? null;
          if (found !== null) this.#found.set(item, found);
        }
        this.#askFor(missing.filter((item) => !this.#found.has(item)));
      },
      (thrown: unknown) => this.#fail(failedBy(thrown)),
    );
    return null;
  }

  /** Serves what is late, when all of it is kept. */
  serveStale(): boolean {
    const { cache, asked } = this.#order;
    for (const item of this.#distinct) {
      const found = cache.peek(item.key, asked.plan);
      if (found === null) return false;
      this.#found.set(item, found);
    }
    this.#complete(true);
    return true;
  }

  leave(): void {
    this.#isOver = true;
    this.#withdraw();
  }

  #withdraw(): void {
    for (const bundle of this.#pending) bundle.leave(this);
    this.#pending.clear();
  }

  took(): void {}

  fetched(bundle: Bundle, entries: ReadonlyMap<string, CacheEntry>): void {
    this.#pending.delete(bundle);
    for (const { key } of this.#distinct) {
      const entry = entries.get(key);
      if (entry !== undefined) this.#entries.set(key, entry);
    }
    if (this.#pending.size === 0) this.#complete();
  }

  notFetched(bundle: Bundle, end: FlightEnd): void {
    this.#pending.delete(bundle);
    // What an upstream says against another caller's items says nothing of ours.
    const isOthers = bundle !== this.#own && end.kind === 'rejected' && !end.rejection.isFailure;
    if (isOthers) {
      const keys = new Set(bundle.items.map(({ key }) => key));
      this.#askFor(this.#distinct.filter(({ key }) => keys.has(key)));
    } else this.#fail(end);
  }

  #askFor(items: readonly Item[]): void {
    try {
      const refusal = items.length === 0 ? null : this.#ask(items);
      if (refusal !== null) this.#fail({ kind: 'refused', refusal });
      else if (this.#pending.size === 0 && !this.#isOver) this.#complete();
    } catch (thrown) {
      this.#fail(failedBy(thrown));
    }
  }

  /** Waits for those that are on their way, and asks for the rest. @throws SwitchgearError `queue_full` */
  #ask(items: readonly Item[]): Refusal | null {
    const { cache, asked, trace } = this.#order;
    const own: Item[] = [];
    for (const item of items) {
      const running = asked.plan.reads ? cache.running(item.key) : undefined;
      if (running === undefined) {
        own.push(item);
        continue;
      }
      cache.duplicates += 1;
      this.#pending.add(running);
      running.join(this);
    }
    if (own.length === 0) return null;
    let bundle: Bundle | Refusal;
    try {
      bundle = cache.ask(asked, own, trace, this);
    } catch (thrown) {
      this.#withdraw();
      throw thrown;
    }
    if ('admitted' in bundle) {
      this.#withdraw();
      return bundle;
    }
    this.#own = bundle;
    this.#pending.add(bundle);
    return null;
  }

  #complete(isStale = false): void {
    const { cache, asked, waiter } = this.#order;
    const { plan } = asked;
    const own = this.#own;
    const entries: CacheEntry[] = [];
    for (const item of this.#items) {
      const entry = this.#found.get(item)?.held.entry ?? this.#entries.get(item.key);
      if (entry === undefined) {
        this.#fail(
          failedBy(new SwitchgearError('upstream_invalid', 'The upstream sent no embedding for an input')),
        );
        return;
      }
      entries.push(entry);
    }
    this.#isOver = true;
    const age = ageSOf(entries, cache.now());
    this.origin = isStale
      ? { cache: 'stale', age }
      : plan.isBypass
        ? { cache: 'bypass' }
        : own !== null
          ? { cache: 'miss' }
          : this.#entries.size > 0
            ? { cache: 'coalesced' }
            : { cache: 'hit', age };
    const flight = own?.fetched?.flight ?? null;
    const isAlone = own?.batch?.entries === 1;
    const whole = isAlone && own?.items.length === plan.inputs.length ? own.fetched : null;
    let large: Source | null = null;
    if (whole?.flight.recorded != null) {
      this.recorded = whole.flight.recorded;
      this.#bytes = whole.flight.bytes;
    } else {
      large = whole?.source ?? this.#largeOf(entries);
      if (large === null) {
        const vectors = entries.map(({ value }) => keptIn(value).vector);
        this.recorded = { form: 'whole', body: answerOf(vectors, this.#frameOf(entries)) };
      }
    }
    if (own !== null && flight !== null) {
      this.usage = usageOf(own);
      this.headers = flight.headers;
      this.call = flight.call;
      this.batchSize = isAlone ? null : (own.batch?.size ?? null);
    } else if (!isStale && this.#entries.size === 0)
      this.held = [...this.#found.values()].map(({ held }) => held);
    if (large !== null) {
      waiter.completeLarge(this, large).then(
        () => this.#count(isStale),
        (thrown: unknown) => this.#failLate(thrown),
      );
      return;
    }
    try {
      waiter.complete(this);
      this.#count(isStale);
    } catch (thrown) {
      this.#failLate(thrown);
    }
  }

  /** What another thread makes the answer of, when it is too large to be written here. */
  #largeOf(entries: readonly CacheEntry[]): Source | null {
    const values = entries.map(({ value }) => value);
    const bytes = values.reduce((sum, { length }) => sum + length, 0);
    if (bytes * CHARS_PER_BYTE <= LARGE_BYTES) return null;
    return { from: 'vectors', values, frame: this.#frameOf(entries) };
  }

  #failLate(thrown: unknown): void {
    this.#isOver = false;
    this.#fail(failedBy(thrown));
  }

  #count(isStale: boolean): void {
    const { cache, asked, isDrawn } = this.#order;
    const { plan, upstream } = asked;
    const own = this.#own;
    const fetched = own === null ? 0 : own.items.length;
    cache.count(plan, plan.isBypass ? 'bypass' : 'miss', fetched);
    cache.count(plan, 'coalesced', this.#entries.size - fetched);
    cache.served({ ...asked, upstream }, this.#found, {
      isStale,
      isDrawn: this.#found.size > 0 && isDrawn(),
    });
  }

  #frameOf(entries: readonly CacheEntry[]): AnswerFrame {
    const { asked, monotonicMs } = this.#order;
    const { plan, upstream } = asked;
    const [first] = entries;
    const isCounted = entries.every(({ counted }) => counted);
    return {
      model: first === undefined ? plan.model : keptIn(first.value).model,
      path: plan.path,
      protocol: upstream.protocol,
      isPacked: plan.isPacked,
      tokens: isCounted ? entries.reduce((sum, { tokensIn }) => sum + tokensIn, 0) : null,
      tookMs: monotonicMs() - this.#startedAtMs,
    };
  }

  #fail(end: FlightEnd): void {
    if (this.#isOver) return;
    this.leave();
    this.#order.waiter.failed(end, this);
  }
}

/** Of a shared call, what its own items took; what the model took to load is everybody's. */
function usageOf({ batch, fetched }: Bundle): Usage | null {
  const usage = fetched?.usage ?? null;
  if (usage === null || batch?.entries === 1) return usage;
  const input = fetched?.entries.reduce((sum, { tokensIn }) => sum + tokensIn, 0) ?? 0;
  return { input, output: 0, loadMs: usage.loadMs };
}
