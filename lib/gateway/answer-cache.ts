/**
 * Where the cache meets requests: what of them it may answer, who fetches what is missing, what is made anew in the
 * background. Entries are kept in the upstream's own form, so one serves every surface, streamed or whole.
 */
import { type CacheEntry, sizeOf } from '#lib/cache/entry.ts';
import { ageMsOf } from '#lib/cache/freshness.ts';
import type { Held } from '#lib/cache/memory-tier.ts';
import { type Found, hitRateOf, type ResponseCache } from '#lib/cache/response-cache.ts';
import type { Config } from '#lib/contracts/config.ts';
import { type CacheWishes, isCacheable, keyBase, keyOf, ruleOf } from '#lib/gateway/cache-policy.ts';
import { Flight, type FlightOrder, type Waiter } from '#lib/gateway/flight.ts';
import { Renderings } from '#lib/gateway/renderings.ts';
import { type Recorded, saidIn, wholeOf } from '#lib/protocols/recorded.ts';
import type { ClientRequest, Exchange, Operation, Protocol } from '#lib/protocols/types.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** How the cache takes part in one request at one upstream. */
export interface CachePlan {
  readonly key: string;
  readonly cache: string;
  readonly model: string;
  readonly ttlMs: number;
  /** Who may wait for the same call. */
  readonly flightKey: string;
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
  readonly plan: CachePlan;
  readonly upstream: Upstream;
  readonly operation: Operation;
  readonly path: string;
  readonly body: string | Buffer;
  readonly headers: string[];
  readonly stream: boolean;
}

export interface AnswerCacheParts {
  cache: ResponseCache;
  config: () => Config;
  now: () => number;
  monotonicMs: () => number;
  random: () => number;
}

/** Answers beyond are handed on, not kept. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** Questions that were answered stale and are asked again when their upstream is back; the first are forgotten first. */
const MAX_TO_REFRESH = 500;
/** Background calls at a time: recovery must not be spent on them. */
const MAX_BACKGROUND = 4;

interface ToRefresh {
  asked: Asked;
  served: number;
}

export class AnswerCache {
  readonly cache: ResponseCache;
  readonly renderings: Renderings;
  readonly #parts: AnswerCacheParts;
  readonly #flights = new Map<string, Flight>();
  readonly #toRefresh = new Map<string, ToRefresh>();
  #background = 0;

  constructor(parts: AnswerCacheParts) {
    this.#parts = parts;
    this.cache = parts.cache;
    this.renderings = new Renderings(parts.cache);
  }

  get isOn(): boolean {
    return this.#parts.config().cache.enabled;
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
  ): CachePlan | null {
    const { cache } = this.#parts.config();
    if (!cache.enabled || wishes.noStore || exchange.operation === 'embeddings') return null;
    const rule = ruleOf(upstream.config, request.model, cache);
    if (!isCacheable(request, rule, wishes)) return null;
    const key = keyOf(keyBase(upstream.config, exchange.path, scope), exchange.requestBody ?? request.body);
    const { protocol } = upstream;
    return {
      key,
      cache: responsesOf(upstream.name),
      model: request.model,
      ttlMs: rule.ttlMs,
      flightKey: protocol === 'openai' && !bringsUsage(exchange, request) ? `${key}-` : key,
      reads: !wishes.noCache,
      maxAgeMs: (wishes.maxAgeS ?? Number.POSITIVE_INFINITY) * 1_000,
      takesStale: !wishes.noCache && wishes.maxAgeS === null,
      protocol,
      id,
    };
  }

  /** What memory has and this client takes. */
  find({ key, maxAgeMs }: CachePlan): Found | null {
    const found = this.cache.peek(key);
    return found !== null && this.#isYoungEnough(found, maxAgeMs) ? found : null;
  }

  running({ flightKey }: CachePlan): Flight | undefined {
    const flight = this.#flights.get(flightKey);
    return flight?.isJoinable === true ? flight : undefined;
  }

  /** A call that others may join, and whose answer is kept. */
  open(
    asked: Asked,
    rest: Pick<FlightOrder, 'trace'>,
    { isShared = true, looksUp = true }: { isShared?: boolean; looksUp?: boolean } = {},
  ): Flight {
    const { plan } = asked;
    const lookUp = async () => {
      const [found = null] = await this.cache.lookUp([plan]);
      return found !== null && found.freshness !== 'stale' && this.#isYoungEnough(found, plan.maxAgeMs)
        ? found
        : null;
    };
    const flight: Flight = new Flight({
      ...asked,
      ...rest,
      keepBytes: Math.min(MAX_KEPT_BYTES, this.cache.maxEntryBytes),
      lookUp: looksUp && plan.reads && this.cache.remote?.available === true ? lookUp : null,
      onRecorded: (done) => this.#keep(plan, done),
      onOver: () => {
        if (this.#flights.get(plan.flightKey) === flight) this.#flights.delete(plan.flightKey);
      },
      now: this.#parts.now,
    });
    if (isShared && plan.reads) this.#flights.set(plan.flightKey, flight);
    return flight;
  }

  /** Counts what is served from what is kept, and now and then asks the upstream whether it still says so. */
  served(how: 'hit_memory' | 'hit_redis' | 'stale', entry: CacheEntry, upstream: Upstream): void {
    this.cache.countServed(how, entry, microsOf(entry, upstream));
  }

  /** Makes an entry anew before it is too old; one call, whoever asks. */
  refresh(asked: Asked): void {
    if (this.running(asked.plan) !== undefined || this.#background >= MAX_BACKGROUND) return;
    this.#inBackground(this.open(asked, { trace: null }, { looksUp: false }), () => {
      this.cache.count(asked.plan.cache, 'refreshes');
    });
  }

  /** Whether this hit is one of those that are compared with what the upstream says now. */
  isDrawn(): boolean {
    const percent = this.#parts.config().cache.shadow_check_percent;
    return percent > 0 && this.#parts.random() * 100 < percent;
  }

  /** Asks the upstream what it says now and counts whether a hit was wrong; what is new is kept. */
  check(asked: Asked, held: Held): void {
    if (this.#background >= MAX_BACKGROUND) return;
    const { plan } = asked;
    const flight = this.open(asked, { trace: null }, { isShared: false, looksUp: false });
    this.#inBackground(flight, ({ recorded }) => {
      if (recorded === null) return;
      const before = wholeOf(recordedOf(held.entry).recorded, plan.protocol);
      const now = wholeOf(recorded, plan.protocol);
      this.cache.count(plan.cache, 'checks');
      if (saidIn(before, plan.protocol) !== saidIn(now, plan.protocol))
        this.cache.count(plan.cache, 'wrong_hits');
    });
  }

  /** Notes what was answered stale, to be asked again once the upstream is back. */
  noteStale(asked: Asked): void {
    const known = this.#toRefresh.get(asked.plan.key);
    this.#toRefresh.delete(asked.plan.key);
    this.#toRefresh.set(asked.plan.key, { asked, served: (known?.served ?? 0) + 1 });
    if (this.#toRefresh.size <= MAX_TO_REFRESH) return;
    const [oldest] = this.#toRefresh.keys();
    if (oldest !== undefined) this.#toRefresh.delete(oldest);
  }

  /** An upstream's component is closed again: what was served stale most often is made anew first. */
  recovered(component: string): void {
    const mine = [...this.#toRefresh.values()]
      .filter(({ asked }) => `${asked.upstream.name}.${asked.operation}` === component)
      .sort((a, b) => b.served - a.served);
    for (const { asked } of mine) this.#toRefresh.delete(asked.plan.key);
    const next = () => {
      const job = mine.shift();
      if (job === undefined) return;
      if (this.running(job.asked.plan) !== undefined) return next();
      const flight = this.open(job.asked, { trace: null }, { looksUp: false });
      const counted = () => this.cache.count(job.asked.plan.cache, 'refreshes');
      this.#inBackground(flight, counted, (isRefused) => {
        // Still ramping, or open again: the next recovery takes the rest.
        if (isRefused)
          for (const each of [job, ...mine.splice(0)]) this.#toRefresh.set(each.asked.plan.key, each);
        else next();
      });
    };
    for (let lane = 0; lane < MAX_BACKGROUND; lane += 1) next();
  }

  /** Forgets renderings and questions of upstreams as they were. */
  reconfigured(upstreams: readonly string[]): void {
    const { cache } = this.#parts.config();
    this.cache.setLimits({
      maxBytes: cache.memory_mb * 1024 * 1024,
      staleIfErrorMs: cache.stale_if_error_s * 1_000,
    });
    this.cache.retain(new Set(upstreams.flatMap((name) => [responsesOf(name), embeddingsOf(name)])));
    this.renderings.clear();
    this.#toRefresh.clear();
  }

  /** Of all caches together; null before the first look. */
  hitRate(seconds: number): number | null {
    const sums = this.cache.names().map((name) => this.cache.countsOf(name).last(seconds));
    const [first, ...rest] = sums;
    if (first === undefined) return null;
    const sum = { ...first };
    for (const each of rest)
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += each[name];
    return hitRateOf(sum);
  }

  #isYoungEnough({ held }: Found, maxAgeMs: number): boolean {
    return ageMsOf(held.entry, this.#parts.now()) <= maxAgeMs;
  }

  #keep({ key, cache, model, ttlMs, protocol, id }: CachePlan, flight: Flight): void {
    const { recorded, usage, durationMs } = flight;
    if (recorded === null) return;
    // What cannot be read back whole must not be kept: streams are checked here once.
    if (recorded.form === 'stream') wholeOf(recorded, protocol);
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

  #inBackground(
    flight: Flight,
    done: (flight: Flight) => void,
    over: (isRefused: boolean) => void = () => {},
  ): void {
    this.#background += 1;
    const end = (isRefused: boolean) => {
      this.#background -= 1;
      over(isRefused);
    };
    const waiter: Waiter = {
      isBlocked: false,
      progress: () => {},
      complete(whole) {
        done(whole);
        end(false);
      },
      failed: ({ kind }) => end(kind === 'refused'),
      found: () => end(false),
    };
    flight.join(waiter);
    if (flight.start() !== null) end(true);
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

/** Millionths of the currency that the upstream would have charged. */
export function microsOf({ tokensIn, tokensOut }: CacheEntry, { config: { price } }: Upstream): number {
  return price === undefined ? 0 : tokensIn * price.input_per_mtok + tokensOut * price.output_per_mtok;
}

/** Whether the answer to this request tells tokens: OpenAI's streams do only when asked. */
function bringsUsage(exchange: Exchange, request: ClientRequest): boolean {
  if (!request.stream) return true;
  const options = (exchange.requestBody ?? request.body).stream_options;
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  );
}
