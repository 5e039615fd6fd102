/**
 * One client call on its way: route ► cache ► single flight ► slot ► breaker ► upstream ► client. A call that fails
 * before anything was sent to the client goes once more, to the next upstream that serves the model; open upstreams
 * are passed over for nothing; what is left then is an answer that is late. Once the first byte is out, an error can
 * only be told inside the stream.
 */
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Refusal } from '#lib/breaker/types.ts';
import { mayServeDuringRefresh } from '#lib/cache/freshness.ts';
import type { Held } from '#lib/cache/memory-tier.ts';
import type { Found } from '#lib/cache/response-cache.ts';
import type { AnswerKind } from '#lib/contracts/requests.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import {
  type AnswerCache,
  type AnswerPlan,
  type Asked,
  recordedOf,
  responsesOf,
} from '#lib/gateway/answer-cache.ts';
import type { CacheWishes } from '#lib/gateway/cache-policy.ts';
import { type CacheStatus, type Delivery, type Origin, shareable } from '#lib/gateway/delivery.ts';
import type { EmbeddingPlan } from '#lib/gateway/embedding-cache.ts';
import { EmbeddingFlight } from '#lib/gateway/embedding-flight.ts';
import {
  type Answering,
  Flight,
  type FlightEnd,
  type FlightOrder,
  type Joinable,
  type Rejection,
  shownHeaders,
  type Waiter,
} from '#lib/gateway/flight.ts';
import { clientHeaders, upstreamHeaders } from '#lib/gateway/headers.ts';
import type { Source } from '#lib/gateway/large/jobs.ts';
import type { Mergeable } from '#lib/gateway/prompt-batches.ts';
import { ageSOf } from '#lib/gateway/renderings.ts';
import type { Form, Passage } from '#lib/gateway/shared/passage.ts';
import { translateUpstreamError } from '#lib/protocols/errors.ts';
import { isLoadRequest, loadAnswer, openExchange } from '#lib/protocols/exchange.ts';
import { mergeablePrompt } from '#lib/protocols/prompts.ts';
import { payloadsOf, type Recorded, rendered, wholeOf } from '#lib/protocols/recorded.ts';
import { wantsUsage } from '#lib/protocols/to-ollama/usage.ts';
import type { AnswerStream, ClientRequest, Exchange, ExchangeContext, Usage } from '#lib/protocols/types.ts';
import { circuitOpen } from '#lib/upstream/admin.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

export interface RelayInput {
  readonly req: IncomingMessage;
  readonly delivery: Delivery;
  readonly request: ClientRequest;
  /** The client's own bytes. */
  readonly bytes: Buffer;
  readonly context: ExchangeContext;
  /** In order of preference, as they are now. */
  readonly candidates: () => readonly Upstream[];
  /** Whether the client's `authorization` was meant for the upstream rather than for us. */
  readonly forwardCredentials: boolean;
  readonly answers: AnswerCache;
  readonly wishes: CacheWishes;
  /** Who may be given the same answer. */
  readonly scope: string;
  /** Under which a rendering of the answer may be kept; null when none may. */
  readonly renderingKey: string | null;
  /** Told of a fault of our own, which is no upstream's. */
  readonly onInternalError: (error: SwitchgearError) => void;
}

/** Calls that may reach an upstream for one client call: the first, and at most one retry. */
const MAX_CALLS = 2;

/** What is written of a stream at a time. */
const READ_CHARS = 64 * 1024;

/** What is left of a complete answer that is handed on piece by piece. */
type Rest = Pick<Passage, 'dropped'> & { readonly pieces: readonly (string | Buffer)[] };

/** Large whole answers in a client's form, by the bytes that it was asked in. */
const LARGE = new WeakMap<Answering, Map<string, Buffer>>();

/** One upstream's part in it. */
interface Leg {
  readonly upstream: Upstream;
  readonly exchange: Exchange;
  /** With which the exchange was opened. */
  readonly context: ExchangeContext;
  readonly plan: AnswerPlan | EmbeddingPlan | null;
}

export class Relay implements Waiter {
  readonly #in: RelayInput;
  #candidates: readonly Upstream[];
  readonly #legs: Leg[] = [];
  #leg: Leg | null = null;
  #next = 0;
  #calls = 0;
  #flight: Answering | null = null;
  /** Whether another request's call is waited for. */
  #isGuest = false;
  #answer: AnswerStream | null = null;
  /** Pieces that were taken of the present flight. */
  taken = 0;
  /** The client has not yet taken what was written. */
  #isBehind = false;
  /** The rest of a stream that is complete, while the client takes it. */
  #rest: Rest | null = null;
  /** Grows with each call that is waited for, and with each end of one. */
  #attempt = 0;
  /** Those whose late answer was tried: one that cannot be given is not tried again. */
  readonly #staleTried = new Set<Leg>();
  /** What to tell the client when no upstream is left: the first real failure counts most. */
  #failure: SwitchgearError | Rejection | null = null;
  #refusal: SwitchgearError | null = null;
  #inexpressible: SwitchgearError | null = null;
  #gone: SwitchgearError | null = null;
  /** Those whose upstream was not asked after all. */
  readonly #goneLegs = new Set<Leg>();
  #over = false;

  constructor(input: RelayInput) {
    this.#in = input;
    this.#candidates = input.candidates();
    input.delivery.res.once('close', () => this.#clientLeft());
  }

  /** Tries the candidates in order until one serves or none is left. */
  advance(): void {
    while (!this.#over && this.#calls < MAX_CALLS) {
      const upstream = this.#candidates[this.#next];
      if (upstream === undefined) break;
      this.#next += 1;
      const leg = this.#open(upstream);
      if (leg !== null && this.#take(leg)) return;
    }
    this.#giveUp();
  }

  takes(form: Form): boolean {
    if (form === 'events') return this.#in.request.stream;
    return !this.#in.request.stream && this.#leg?.exchange.openBytes !== undefined;
  }

  progress(flight: Answering): void {
    const { passage } = flight;
    if (this.#over || passage === null || this.#isBehind || !this.takes(passage.form)) return;
    const { pieces, dropped } = passage;
    while (this.taken - dropped < pieces.length)
      if (!this.#write(this.#read(pieces, dropped), flight)) return;
  }

  complete(flight: Answering): boolean {
    const { recorded, passage } = flight;
    const leg = this.#leg;
    if (leg === null || this.#over) return true;
    if (passage !== null && this.takes(passage.form)) this.#rest = passage;
    else if (recorded === null) return true;
    else if (this.#in.request.stream)
      this.#rest = { pieces: payloadsOf(recorded, leg.upstream.protocol), dropped: 0 };
    if (this.#rest !== null) return !this.#isBehind && this.#takeRest(flight, this.#rest);
    if (recorded === null) return true;
    const body = this.#wholeIn(flight, recorded, leg);
    this.#finish(flight);
    this.#in.delivery.whole(body, this.#origin(flight));
    if (flight instanceof EmbeddingFlight && flight.held.length > 0)
      this.#keepRendering(leg, flight.held, body);
    return true;
  }

  async completeLarge(flight: Answering, source: Source): Promise<Usage | null> {
    const { answers, delivery, request } = this.#in;
    const leg = this.#leg;
    const attempt = this.#attempt;
    if (leg === null) return null;
    const { id, now, shared = false } = leg.context;
    const { body, usage } = await answers.large.render({
      kind: 'render',
      source,
      request,
      protocol: leg.upstream.protocol,
      context: {
        id,
        nowMs: now(),
        elapsedMs: performance.now() - delivery.trace.startedAt,
        isShared: shared,
      },
    });
    // It may have gone elsewhere meanwhile.
    if (this.#over || attempt !== this.#attempt) return usage;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    const origin = this.#origin(flight);
    this.#finish(flight, flight.usage ?? usage);
    if (request.stream) delivery.rendered(bytes, origin);
    else delivery.whole(bytes, origin);
    if (flight instanceof EmbeddingFlight && flight.held.length > 0)
      this.#keepRendering(leg, flight.held, bytes);
    return usage;
  }

  /** @returns false when the client is behind now; it goes on when it has taken this */
  #write(part: string | Buffer, flight: Answering): boolean {
    const { delivery } = this.#in;
    if (delivery.write(part, () => this.#origin(flight))) return true;
    this.#isBehind = true;
    delivery.onceTaken(
      () => this.#caughtUp(flight),
      () => flight.passage?.heldBytes ?? 0,
    );
    return false;
  }

  /** Takes what is left of a complete stream. @returns whether that was all */
  #takeRest(flight: Answering, { pieces, dropped }: Rest): boolean {
    for (;;) {
      const part = this.#read(pieces, dropped);
      if (this.taken - dropped >= pieces.length) {
        const last = typeof part === 'string' && this.takes('events') ? part + this.#stream().finish() : part;
        this.#finish(flight);
        this.#in.delivery.end(last, () => this.#origin(flight));
        return true;
      }
      if (!this.#write(part, flight)) return false;
    }
  }

  #caughtUp(flight: Answering): void {
    this.#isBehind = false;
    if (this.#over || this.#flight !== flight) return;
    try {
      if (this.#rest === null) {
        this.progress(flight);
        flight.took();
      } else if (this.#takeRest(flight, this.#rest)) flight.leave(this);
    } catch (thrown) {
      this.#cannotRead(thrown);
    }
  }

  /** The whole answer in the client's form; a large one is made once for all who asked in the same bytes. */
  #wholeIn(flight: Answering, recorded: Recorded, leg: Leg): string | Buffer {
    const { renderingKey } = this.#in;
    const known = renderingKey === null ? undefined : LARGE.get(flight)?.get(renderingKey);
    if (known !== undefined) return known;
    const body = wholeOf(recorded, leg.upstream.protocol);
    const answer = leg.exchange.answer(body);
    const isUnchanged = answer === body && recorded.form === 'whole';
    const whole = isUnchanged ? flight.bytes : shareable(JSON.stringify(answer));
    if (renderingKey !== null && typeof whole !== 'string')
      LARGE.set(flight, (LARGE.get(flight) ?? new Map<string, Buffer>()).set(renderingKey, whole));
    return whole;
  }

  found(found: Found): void {
    const leg = this.#leg;
    this.#flight = null;
    if (leg?.plan?.kind === 'answer' && !this.#over) this.#serve(leg, leg.plan, found, 'hit');
  }

  failed(end: FlightEnd, flight: Answering): void {
    this.#flight = null;
    this.#attempt += 1;
    if (this.#over) return;
    const { delivery } = this.#in;
    switch (end.kind) {
      case 'refused':
        if (this.#leg !== null) this.#noteRefusal(this.#leg, end.refusal);
        break;
      case 'let_go':
        if (delivery.isCommitted) {
          this.#breakOff(tooSlow(), false);
          return;
        }
        this.#beginAnew();
        if (this.#leg !== null && this.#begin(this.#leg, this.#joined(this.#unshared(this.#leg)))) return;
        break;
      case 'rejected':
        if (this.#retriesWithoutCounts(end.rejection)) break;
        if (!end.rejection.isFailure) {
          this.#reject(end.rejection, flight);
          return;
        }
        this.#failure ??= end.rejection;
        break;
      case 'failed':
        if (end.error.code === 'internal') this.#in.onInternalError(end.error);
        if (delivery.isCommitted) {
          this.#breakOff(end.error, end.isBlameless);
          return;
        }
        if (end.isGone) this.#lookAgain(end.error);
        else this.#failure ??= end.error;
        break;
      default:
        end satisfies never;
    }
    this.advance();
  }

  /** Its upstream went before the call went out: those that are there now and were not asked are. */
  #lookAgain(error: SwitchgearError): void {
    this.#gone = error;
    const last = this.#legs.at(-1);
    if (last !== undefined) this.#goneLegs.add(last);
    const legs = this.#legs.filter((leg) => !this.#goneLegs.has(leg));
    const asked = new Set(legs.map(({ upstream }) => upstream.name));
    this.#candidates = this.#in.candidates().filter(({ name }) => !asked.has(name));
    this.#next = 0;
    this.#calls -= 1;
  }

  /** Whether it was what we added that the upstream refused; it goes out again without that then. */
  #retriesWithoutCounts({ upstream, text }: Rejection): boolean {
    const { answers, request } = this.#in;
    const isOurs = request.stream && this.#legs.at(-1)?.exchange.requestBody?.stream_options !== undefined;
    if (!isOurs || wantsUsage(request.body) || !/stream_options|include_usage/.test(text)) return false;
    answers.refusesToCount(upstream);
    this.#next -= 1;
    this.#calls -= 1;
    return true;
  }

  /** The exchange with this upstream, or null when it cannot carry the request or needs no call at all. */
  #open(upstream: Upstream): Leg | null {
    const { request, context, delivery, answers, wishes, scope } = this.#in;
    if (isLoadRequest(request)) {
      if (upstream.protocol === 'openai') {
        this.#over = true;
        const body = JSON.stringify(loadAnswer(request, context));
        delivery.whole(body, { cache: 'bypass', upstream: upstream.name });
        return null;
      }
      return { upstream, exchange: openExchange(request, upstream.protocol, context), context, plan: null };
    }
    try {
      const exchange = openExchange(request, upstream.protocol, context);
      const plan = answers.planOf(upstream, exchange, request, wishes, scope, context.id);
      if (plan === null) return { upstream, plan, exchange, context };
      const shared = { ...context, shared: true, asksForCounts: answers.countsStreams(upstream) };
      return { upstream, plan, context: shared, exchange: openExchange(request, upstream.protocol, shared) };
    } catch (thrown) {
      const error = toSwitchgearError(thrown);
      if (error.code === 'internal') this.#in.onInternalError(error);
      this.#inexpressible ??= error;
      return null;
    }
  }

  /** True when the request is answered, or waits for one that will be. */
  #take(leg: Leg): boolean {
    const { answers, delivery } = this.#in;
    this.#leg = leg;
    this.#beginAnew();
    this.#legs.push(leg);
    const { plan } = leg;
    if (plan?.kind === 'embeddings') return this.#begin(leg, this.#embeddings(leg, plan));
    if (plan?.reads === true) {
      const found = answers.find(plan);
      delivery.trace.lookedUpAt ??= performance.now();
      if (found !== null && found.freshness !== 'stale') return this.#serve(leg, plan, found, 'hit');
      const running = answers.running(plan);
      if (running !== undefined) {
        if (
          found !== null &&
          plan.takesStale &&
          mayServeDuringRefresh(found.held.entry, this.#in.context.now())
        )
          return this.#serve(leg, plan, found, 'stale');
        this.#calls += 1;
        this.#isGuest = true;
        const context = { ...this.#in.context, id: running.id, shared: true };
        this.#leg = {
          ...leg,
          context,
          exchange: openExchange(this.#in.request, leg.upstream.protocol, context),
        };
        this.#flight = running.flight;
        running.flight.join(this);
        return true;
      }
    }
    const { trace } = delivery;
    const flight = plan === null ? this.#unshared(leg) : answers.open(this.#asked(leg, plan), { trace });
    return this.#begin(leg, this.#joined(flight));
  }

  /** Nothing of a former call's answer was taken that counts. */
  #beginAnew(): void {
    this.#attempt += 1;
    this.#answer = null;
    this.#rest = null;
    this.taken = 0;
  }

  #joined(flight: Joinable): Joinable {
    flight.join(this);
    return flight;
  }

  /** Begins a call of its own; false when the breaker refuses at once. */
  #begin(leg: Leg, flight: Joinable | EmbeddingFlight): boolean {
    this.#isGuest = false;
    this.#flight = flight;
    const refusal = flight.start();
    if (refusal === null) {
      this.#calls += 1;
      return true;
    }
    this.#flight = null;
    this.#noteRefusal(leg, refusal);
    return false;
  }

  /** A call past the cache. */
  #unshared(leg: Leg): Joinable {
    const { upstream, exchange } = leg;
    const mergeable = this.#mergeable(leg);
    const order: FlightOrder = {
      upstream,
      operation: exchange.operation,
      path: exchange.path,
      body: this.#body(exchange),
      headers: this.#headers(upstream),
      stream: this.#in.request.stream,
      model: this.#in.request.model,
      trace: this.#in.delivery.trace,
      request: this.#in.delivery.trace,
      keepBytes: 0,
      openBytes: opener(exchange),
      lookUp: null,
      onRecorded: null,
      onOver: () => {},
      holdings: this.#in.answers.holdings,
      now: this.#in.context.now,
    };
    return mergeable === null ? new Flight(order) : this.#in.answers.prompts.open(order, mergeable);
  }

  /** What lets the request share its call; nothing when it may not. */
  #mergeable({ upstream, exchange }: Leg): Mergeable | null {
    const { request, scope } = this.#in;
    const prompt = mergeablePrompt(request, upstream.protocol);
    if (prompt === null || upstream.config.batching.llm.max_size === 1) return null;
    return { prompt, request: exchange.requestBody ?? request.body, scope };
  }

  #embeddings({ upstream, exchange }: Leg, plan: EmbeddingPlan): EmbeddingFlight {
    const { answers, context, delivery } = this.#in;
    return new EmbeddingFlight({
      cache: answers.embeddings,
      asked: { plan, upstream, headers: this.#headers(upstream), whole: this.#body(exchange) },
      trace: delivery.trace,
      waiter: this,
      isDrawn: () => answers.isDrawn(),
      monotonicMs: context.monotonicMs,
      onLookedUp: () => {
        delivery.trace.lookedUpAt ??= performance.now();
      },
    });
  }

  #asked(leg: Leg, plan: AnswerPlan): Asked {
    const { upstream, exchange } = leg;
    return {
      model: this.#in.request.model,
      mergeable: this.#mergeable(leg),
      plan,
      upstream,
      operation: exchange.operation,
      path: exchange.path,
      body: this.#body(exchange),
      headers: this.#headers(upstream),
      stream: this.#in.request.stream,
      openBytes: opener(exchange),
    };
  }

  #body({ requestBody }: Exchange): string | Buffer {
    return requestBody === null ? this.#in.bytes : JSON.stringify(requestBody);
  }

  #headers(upstream: Upstream): string[] {
    return upstreamHeaders(this.#in.req.rawHeaders, {
      requestId: this.#in.delivery.trace.id,
      authorization: upstream.authorization,
      forwardCredentials: this.#in.forwardCredentials,
    });
  }

  /** Answers from what is kept. */
  #serve(leg: Leg, plan: AnswerPlan, { held, tier, freshness }: Found, cache: 'hit' | 'stale'): boolean {
    const { answers, delivery, request, context } = this.#in;
    const { entry } = held;
    const { id, recorded } = recordedOf(entry);
    const replay = { ...context, id, now: () => entry.storedAtMs, shared: true };
    const exchange = openExchange(request, leg.upstream.protocol, replay);
    const body = shareable(rendered(recorded, exchange, leg.upstream.protocol, request.stream));
    this.#over = true;
    delivery.trace.upstream = leg.upstream.name;
    delivery.trace.how = cache === 'hit' ? 'cache' : 'stale';
    answers.served(
      cache === 'stale' ? 'stale' : tier === 'memory' ? 'hit_memory' : 'hit_redis',
      entry,
      leg.upstream,
    );
    const origin: Origin = { cache, upstream: leg.upstream.name, age: ageSOf([entry], context.now()) };
    if (request.stream) delivery.rendered(body, origin);
    else delivery.whole(body, origin);
    if (cache === 'stale') {
      if (answers.running(plan) === undefined) answers.noteStale(this.#asked(leg, plan));
      return true;
    }
    this.#keepRendering(leg, [held], body);
    if (freshness === 'refresh') answers.refresh(this.#asked(leg, plan));
    else if (answers.isDrawn()) answers.check(this.#asked(leg, plan), held);
    return true;
  }

  /** For repeats of the same bytes, which go to the first upstream that serves them, as this did. */
  #keepRendering(leg: Leg, held: readonly Held[], body: string | Buffer): void {
    const { answers, renderingKey, request } = this.#in;
    if (renderingKey === null || leg !== this.#legs[0]) return;
    const { model, stream } = request;
    answers.renderings.set(renderingKey, { held, upstream: leg.upstream, model, stream, body });
  }

  #stream(): AnswerStream {
    this.#answer ??= this.#leg?.exchange.openStream() ?? null;
    if (this.#answer === null) throw new SwitchgearError('internal', 'No upstream was tried');
    return this.#answer;
  }

  /** The client's form of the next pieces, as much as is written at a time. */
  #read(pieces: readonly (string | Buffer)[], dropped: number): string | Buffer {
    let text = '';
    for (let at = this.taken - dropped; at < pieces.length && text.length < READ_CHARS; at += 1) {
      const piece = pieces[at] ?? '';
      this.taken += 1;
      if (typeof piece !== 'string') return piece;
      const stream = this.#stream();
      if (!stream.ended) text += stream.push(piece);
    }
    return text;
  }

  #origin(flight: Answering): Origin {
    const origin = flight.origin ?? { cache: this.#cacheStatus() };
    const isOwn = origin.cache === 'miss' || origin.cache === 'bypass';
    return {
      ...origin,
      upstream: flight.upstream.name,
      batchSize: isOwn ? flight.batchSize : null,
      call: isOwn ? flight.call : null,
      headers: isOwn ? shownHeaders(flight) : [],
    };
  }

  #cacheStatus(): CacheStatus {
    const plan = this.#leg?.plan ?? null;
    if (plan === null || (plan.kind === 'embeddings' && plan.isBypass)) return 'bypass';
    return this.#isGuest ? 'coalesced' : 'miss';
  }

  #finish(flight: Answering, usage: Usage | null = flight.usage): void {
    const { answers, delivery } = this.#in;
    const { trace } = delivery;
    this.#over = true;
    this.#flight = null;
    const { cache } = flight.origin ?? { cache: this.#cacheStatus() };
    const how = HOW[cache];
    if (how === undefined) trace.usage = usage;
    else {
      trace.upstream = flight.upstream.name;
      trace.how = how;
    }
    const plan = this.#leg?.plan ?? null;
    if (plan === null) answers.cache.count(responsesOf(flight.upstream.name), 'bypass');
    else if (plan.kind === 'answer') answers.cache.count(plan.cache, this.#isGuest ? 'coalesced' : 'miss');
  }

  #noteRefusal({ upstream, exchange }: Leg, { reason, retryAfterMs }: Refusal): void {
    const component = `${upstream.name}.${exchange.operation}`;
    this.#in.delivery.trace.refused(component, reason, performance.now());
    const error = circuitOpen(component, retryAfterMs);
    if (this.#refusal?.retryAfterMs === undefined || retryAfterMs < this.#refusal.retryAfterMs) {
      this.#refusal = error;
    }
  }

  /** A payload that a client's form cannot carry, found after others were served: told inside its stream. */
  #cannotRead(thrown: unknown): void {
    this.#flight?.leave(this);
    this.#flight = null;
    this.#breakOff(toSwitchgearError(thrown), false);
  }

  #breakOff(error: SwitchgearError, isBlameless: boolean): void {
    const { delivery } = this.#in;
    this.#over = true;
    // The client has not read for the whole of the call's budget, and would not read an error either.
    if (isBlameless) {
      delivery.res.destroy();
      return;
    }
    delivery.trace.failed(error.code);
    delivery.error(error, this.#bare(null));
  }

  #giveUp(): void {
    if (this.#over || this.#serveStale()) return;
    const failure = this.#failure;
    if (failure !== null && !(failure instanceof Error)) {
      this.#reject(failure, null);
      return;
    }
    this.#fail(
      failure ??
        this.#refusal ??
        this.#inexpressible ??
        this.#gone ??
        new SwitchgearError('internal', 'No upstream was tried'),
    );
  }

  /** The youngest answer that is late, of the upstream that was tried first. */
  #serveStale(): boolean {
    if (this.#failure === null && this.#refusal === null && this.#gone === null) return false;
    for (const leg of this.#legs) {
      const { plan } = leg;
      if (plan?.takesStale !== true || this.#staleTried.has(leg)) continue;
      this.#staleTried.add(leg);
      this.#leg = leg;
      if (plan.kind === 'embeddings') {
        if (this.#embeddings(leg, plan).serveStale()) return true;
        continue;
      }
      const found = this.#in.answers.find(plan);
      if (found !== null) return this.#serve(leg, plan, found, 'stale');
    }
    return false;
  }

  #reject({ upstream, status, headers, text }: Rejection, flight: Answering | null): void {
    const { delivery } = this.#in;
    this.#over = true;
    delivery.trace.rejectedByUpstream(status);
    const body = JSON.stringify(translateUpstreamError(delivery.surface, upstream.protocol, status, text));
    const call = this.#isGuest ? null : (flight?.call ?? null);
    delivery.rejection(status, body, {
      ...this.#bare(upstream.name),
      call,
      headers: this.#isGuest ? [] : clientHeaders(headers),
    });
  }

  #fail(error: SwitchgearError): void {
    this.#over = true;
    this.#in.delivery.trace.failed(error.code);
    this.#in.delivery.error(error, this.#bare(null));
  }

  #bare(upstream: string | null): Origin {
    return { cache: this.#cacheStatus(), upstream };
  }

  #clientLeft(): void {
    if (this.#over) return;
    this.#over = true;
    this.#flight?.leave(this);
  }
}

/** What a request's record says of an answer that is not its own call's. */
const HOW: Partial<Record<CacheStatus, AnswerKind>> = {
  hit: 'cache',
  stale: 'stale',
  coalesced: 'coalesced',
};

function opener(exchange: Exchange): FlightOrder['openBytes'] {
  return exchange.openBytes?.bind(exchange) ?? null;
}

function tooSlow(): SwitchgearError {
  return new SwitchgearError(
    'client_too_slow',
    'The answer was read so slowly that others who wait for it would have been held up; ask again',
  );
}
