/**
 * Where the cache meets requests: what of them it may answer, who fetches what is missing, what is made anew in the
 * background. Entries are kept in the upstream's own form, so one serves every surface, streamed or whole.
 */
import { type CacheEntry, sizeOf } from '#lib/cache/entry.ts';
import { ageMsOf } from '#lib/cache/freshness.ts';
import type { Held } from '#lib/cache/memory-tier.ts';
import type { Found, ResponseCache } from '#lib/cache/response-cache.ts';
import type { Config } from '#lib/contracts/config.ts';
import { Background, type BackgroundCall } from '#lib/gateway/background.ts';
import {
  type CacheWishes,
  isCacheable,
  keyBase,
  keyOf,
  microsOf,
  ruleOf,
} from '#lib/gateway/cache-policy.ts';
import { EmbeddingCache, type EmbeddingPlan } from '#lib/gateway/embedding-cache.ts';
import { Flight, type FlightOrder, type Joinable } from '#lib/gateway/flight.ts';
import type { LargeAnswers } from '#lib/gateway/large/large-answers.ts';
import { type Mergeable, PromptBatches } from '#lib/gateway/prompt-batches.ts';
import { Renderings } from '#lib/gateway/renderings.ts';
import type { Holdings } from '#lib/gateway/shared/holdings.ts';
import { type Recorded, saidIn, wholeOf } from '#lib/protocols/recorded.ts';
import type { ClientRequest, Exchange, Operation, Protocol } from '#lib/protocols/types.ts';
import { inputsOf, withoutInputs } from '#lib/protocols/vectors.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** How the cache takes part in one request at one upstream. */
export interface AnswerPlan {
  readonly kind: 'answer';
  readonly key: string;
  readonly cache: string;
  readonly model: string;
  readonly ttlMs: number;
  readonly reads: boolean;
  /** The oldest that the client takes, ms. */
  readonly maxAgeMs: number;
  /** Whether a late entry may stand in for a failing upstream. */
  readonly takesStale: boolean;
  readonly protocol: Protocol;
  /** Of the answer, for all who are given it. */
  readonly id: string;
}

/** Everything needed to ask an upstream the same again, without a client. */
export interface Asked {
  readonly plan: AnswerPlan;
  readonly upstream: Upstream;
  readonly operation: Operation;
  readonly path: string;
  readonly body: string | Buffer;
  readonly headers: string[];
  readonly stream: boolean;
  readonly openBytes: FlightOrder['openBytes'];
  readonly model: string;
  /** What lets it share its call with others; null when it cannot. */
  readonly mergeable: Mergeable | null;
}

export interface AnswerCacheParts {
  cache: ResponseCache;
  holdings: Holdings;
  large: LargeAnswers;
  config: () => Config;
  now: () => number;
  monotonicMs: () => number;
  random: () => number;
  /** Batched vectors of a model were not those of single calls. */
  onCanaryFailed: (upstream: string, model: string, cosine: number) => void;
}

/** Answers beyond are handed on, not kept. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/** A call that others may wait for, and the id that its answer will have. */
export interface Running {
  readonly flight: Joinable;
  readonly id: string;
}

export class AnswerCache {
  readonly cache: ResponseCache;
  readonly renderings: Renderings;
  readonly #parts: AnswerCacheParts;
  readonly embeddings: EmbeddingCache;
  readonly prompts: PromptBatches;
  readonly #flights = new Map<string, Running>();
  readonly #background = new Background();
  /** Upstreams that refuse to count streams. */
  readonly #uncounted = new Set<string>();

  constructor(parts: AnswerCacheParts) {
    this.#parts = parts;
    this.cache = parts.cache;
    this.renderings = new Renderings(parts.cache);
    this.prompts = new PromptBatches(parts.config, parts.monotonicMs);
    this.embeddings = new EmbeddingCache({ ...parts, background: this.#background });
  }

  get isOn(): boolean {
    return this.#parts.config().cache.enabled;
  }

  get large(): LargeAnswers {
    return this.#parts.large;
  }

  get holdings(): Holdings {
    return this.#parts.holdings;
  }

  /** Calls that several may wait for. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /** Null when the request goes past the cache at this upstream. */
  planOf(
    upstream: Upstream,
    exchange: Exchange,
    request: ClientRequest,
    wishes: CacheWishes,
    scope: string,
    id: string,
  ): AnswerPlan | EmbeddingPlan | null {
    const { cache } = this.#parts.config();
    const isOff = !cache.enabled || wishes.noStore;
    if (isOff && exchange.operation !== 'embeddings') return null;
    const rule = ruleOf(upstream.config, request.model, cache);
    const body = exchange.requestBody ?? request.body;
    const { path } = exchange;
    const base = keyBase(upstream.config, path, scope);
    const common = {
      model: request.model,
      ttlMs: rule.ttlMs,
      reads: !wishes.noCache,
      maxAgeMs: (wishes.maxAgeS ?? Number.POSITIVE_INFINITY) * 1_000,
      takesStale: !wishes.noCache && wishes.maxAgeS === null,
    };
    if (exchange.operation === 'embeddings') {
      const isBypass = isOff || !rule.embeddings;
      return {
        ...common,
        kind: 'embeddings',
        isBypass,
        reads: common.reads && !isBypass,
        takesStale: common.takesStale && !isBypass,
        cache: embeddingsOf(upstream.name),
        base: keyOf(base, withoutInputs(body)),
        inputs: inputsOf(body, path),
        path,
        body,
        isPacked: body.encoding_format === 'base64',
      };
    }
    if (!isCacheable(request, rule, wishes)) return null;
    const key = keyOf(base, body);
    const { protocol } = upstream;
    return {
      ...common,
      kind: 'answer',
      cache: responsesOf(upstream.name),
      key,
      protocol,
      id,
    };
  }

  /** Whether streams of this upstream are asked for their counts, for those who are given them from the cache. */
  countsStreams({ name }: Upstream): boolean {
    return !this.#uncounted.has(name);
  }

  refusesToCount({ name }: Upstream): void {
    this.#uncounted.add(name);
  }

  /** What memory has and this client takes. */
  find({ key, maxAgeMs }: AnswerPlan): Found | null {
    const found = this.cache.peek(key);
    return found !== null && this.#isYoungEnough(found, maxAgeMs) ? found : null;
  }

  running({ key }: AnswerPlan): Running | undefined {
    const running = this.#flights.get(key);
    return running?.flight.isJoinable === true ? running : undefined;
  }

  /** A call that others may join, and whose answer is kept. */
  open(
    asked: Asked,
    rest: { trace: RequestTrace | null },
    { isCheck = false, looksUp = !isCheck }: { isCheck?: boolean; looksUp?: boolean } = {},
  ): Joinable {
    const { plan, mergeable } = asked;
    const lookUp = async () => {
      const [found = null] = await this.cache.lookUp([plan]);
      return found !== null && found.freshness !== 'stale' && this.#isYoungEnough(found, plan.maxAgeMs)
        ? found
        : null;
    };
    const order: FlightOrder = {
      ...asked,
      trace: rest.trace,
      request: rest.trace,
      keepBytes: Math.min(MAX_KEPT_BYTES, this.cache.maxEntryBytes),
      lookUp: looksUp && plan.reads && this.cache.remote?.available === true ? lookUp : null,
      onRecorded: isCheck ? null : (done) => this.#keep(plan, done),
      onOver: () => {
        if (this.#flights.get(plan.key)?.flight === flight) this.#flights.delete(plan.key);
      },
      holdings: this.#parts.holdings,
      now: this.#parts.now,
    };
    const flight = mergeable === null ? new Flight(order) : this.prompts.open(order, mergeable);
    if (!isCheck && plan.reads) this.#flights.set(plan.key, { flight, id: plan.id });
    return flight;
  }

  /** Counts what is served from what is kept, and now and then asks the upstream whether it still says so. */
  served(how: 'hit_memory' | 'hit_redis' | 'stale', entry: CacheEntry, upstream: Upstream): void {
    this.cache.countServed(how, entry, microsOf(entry, upstream.config));
  }

  /** Makes an entry anew before it is too old; one call, whoever asks. */
  refresh(asked: Asked): void {
    if (this.#background.isBusy) return;
    const call = this.#anew(asked);
    if (call !== null) this.#background.run(call);
  }

  /** Whether this hit is one of those that are compared with what the upstream says now. */
  isDrawn(): boolean {
    const percent = this.#parts.config().cache.shadow_check_percent;
    return percent > 0 && this.#parts.random() * 100 < percent;
  }

  /** Asks the upstream what it says now and counts whether a hit was wrong; only what is new is kept. */
  check(asked: Asked, held: Held): void {
    if (this.#background.isBusy) return;
    const { plan } = asked;
    const flight = this.open(asked, { trace: null }, { isCheck: true });
    const done = () => {
      if (flight.recorded === null) return;
      const before = wholeOf(recordedOf(held.entry).recorded, plan.protocol);
      const now = wholeOf(flight.recorded, plan.protocol);
      this.cache.count(plan.cache, 'checks');
      if (saidIn(before, plan.protocol) === saidIn(now, plan.protocol)) return;
      this.cache.count(plan.cache, 'wrong_hits');
      this.#keep(plan, flight);
    };
    this.#background.run({ flight, done });
  }

  /** Notes what was answered stale, to be asked again once the upstream is back. */
  noteStale(asked: Asked): void {
    const { plan, upstream, operation } = asked;
    this.#background.noteStale(plan.key, `${upstream.name}.${operation}`, () => this.#anew(asked));
  }

  /** An upstream's component is closed again. */
  recovered(component: string): void {
    this.#background.recovered(component);
  }

  #anew(asked: Asked): BackgroundCall | null {
    if (this.running(asked.plan) !== undefined) return null;
    const flight = this.open(asked, { trace: null }, { looksUp: false });
    return { flight, done: () => this.cache.count(asked.plan.cache, 'refreshes') };
  }

  /** Forgets renderings and questions of upstreams as they were. */
  reconfigured(upstreams: readonly Upstream[]): void {
    this.embeddings.reconfigured(upstreams);
    this.prompts.batchers.reconfigured(upstreams);
    this.cache.retain(new Set(upstreams.flatMap(({ name }) => [responsesOf(name), embeddingsOf(name)])));
    this.renderings.clear();
    this.#background.clear();
    this.#uncounted.clear();
  }

  /** Nothing waits for company any more. */
  drain(): void {
    this.embeddings.batchers.drain();
    this.prompts.batchers.drain();
  }

  close(): void {
    this.embeddings.batchers.close();
    this.prompts.batchers.close();
  }

  #isYoungEnough({ held }: Found, maxAgeMs: number): boolean {
    return ageMsOf(held.entry, this.#parts.now()) <= maxAgeMs;
  }

  #keep(
    { key, cache, model, ttlMs, protocol, id }: AnswerPlan,
    flight: Pick<Joinable, 'recorded' | 'usage' | 'durationMs'>,
  ): void {
    const { recorded, usage, durationMs } = flight;
    if (recorded === null) return;
    if (recorded.form === 'stream' && !isReadable(recorded, protocol)) return;
    const entry: CacheEntry = {
      key,
      cache,
      model,
      storedAtMs: this.#parts.now(),
      ttlMs,
      costMs: Math.round(durationMs),
      tokensIn: usage?.input ?? 0,
      tokensOut: usage?.output ?? 0,
      counted: usage !== null,
      value: Buffer.from(JSON.stringify({ id, ...recorded })),
    };
    if (sizeOf(entry) > this.cache.maxEntryBytes) return;
    this.cache.store(entry);
    this.cache.countStored(entry);
  }
}

/** What cannot be read back whole must not be kept. */
function isReadable(recorded: Recorded, protocol: Protocol): boolean {
  try {
    wholeOf(recorded, protocol);
    return true;
  } catch {
    return false;
  }
}

export function responsesOf(upstream: string): string {
  return `${upstream}_responses`;
}

export function embeddingsOf(upstream: string): string {
  return `${upstream}_embeddings`;
}

/** What an entry holds, and the id that its answer has. @throws Error when it is none of ours */
export function recordedOf({ value }: CacheEntry): { id: string; recorded: Recorded } {
  const { id, ...recorded } = JSON.parse(value.toString('utf8')) as { id: string } & Recorded;
  return { id, recorded };
}
