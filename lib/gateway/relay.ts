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
import type { Found } from '#lib/cache/response-cache.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import {
  type AnswerCache,
  type Asked,
  type CachePlan,
  recordedOf,
  responsesOf,
} from '#lib/gateway/answer-cache.ts';
import type { CacheWishes } from '#lib/gateway/cache-policy.ts';
import type { CacheStatus, Delivery, Origin } from '#lib/gateway/delivery.ts';
import { Flight, type FlightEnd, type Rejection, shownHeaders, type Waiter } from '#lib/gateway/flight.ts';
import { clientHeaders, upstreamHeaders } from '#lib/gateway/headers.ts';
import { ageSOf } from '#lib/gateway/renderings.ts';
import { translateUpstreamError } from '#lib/protocols/errors.ts';
import { isLoadRequest, loadAnswer, openExchange } from '#lib/protocols/exchange.ts';
import { payloadsOf, type Recorded, wholeOf } from '#lib/protocols/recorded.ts';
import type { AnswerStream, ClientRequest, Exchange, ExchangeContext } from '#lib/protocols/types.ts';
import { circuitOpen } from '#lib/upstream/admin.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

export interface RelayInput {
  readonly req: IncomingMessage;
  readonly delivery: Delivery;
  readonly request: ClientRequest;
  /** The client's own bytes. */
  readonly bytes: Buffer;
  readonly context: ExchangeContext;
  /** In order of preference. */
  readonly candidates: readonly Upstream[];
  /** Whether the client's `authorization` was meant for the upstream rather than for us. */
  readonly forwardAuthorization: boolean;
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

/** One upstream's part in it. */
interface Leg {
  readonly upstream: Upstream;
  readonly exchange: Exchange;
  readonly plan: CachePlan | null;
}

export class Relay implements Waiter {
  readonly #in: RelayInput;
  readonly #legs: Leg[] = [];
  #leg: Leg | null = null;
  #next = 0;
  #calls = 0;
  #flight: Flight | null = null;
  /** Whether another request's call is waited for. */
  #isGuest = false;
  #answer: AnswerStream | null = null;
  /** Payloads that were read. */
  #cursor = 0;
  /** What to tell the client when no upstream is left: the first real failure counts most. */
  #failure: SwitchgearError | Rejection | null = null;
  #refusal: SwitchgearError | null = null;
  #inexpressible: SwitchgearError | null = null;
  #over = false;
  isBlocked = false;

  constructor(input: RelayInput) {
    this.#in = input;
    input.delivery.res.once('close', () => this.#clientLeft());
  }

  /** Tries the candidates in order until one serves or none is left. */
  advance(): void {
    while (!this.#over && this.#calls < MAX_CALLS) {
      const upstream = this.#in.candidates[this.#next];
      if (upstream === undefined) break;
      this.#next += 1;
      const leg = this.#open(upstream);
      if (leg !== null && this.#take(leg)) return;
    }
    this.#giveUp();
  }

  progress(flight: Flight): void {
    if (!this.#in.request.stream || this.isBlocked) return;
    const text = this.#read(flight.payloads, flight.dropped);
    if (this.#in.delivery.write(text, () => this.#origin(flight)) || this.isBlocked) return;
    this.isBlocked = true;
    this.#in.delivery.res.once('drain', () => {
      this.isBlocked = false;
      // It may have gone on without this one; what came is still kept.
      if (flight.recorded !== null && !this.#over) this.complete(flight);
      else if (this.#flight === flight) {
        try {
          this.progress(flight);
        } catch (thrown) {
          this.#cannotRead(thrown);
        }
        if (!this.isBlocked) flight.resume();
      }
    });
  }

  complete(flight: Flight): void {
    const { recorded } = flight;
    const leg = this.#leg;
    if (recorded === null || leg === null || this.#over) return;
    const { delivery, request } = this.#in;
    if (!request.stream) {
      const body = wholeOf(recorded, leg.upstream.protocol);
      const answer = leg.exchange.answer(body);
      const own = answer === body && recorded.form === 'whole' ? flight.bytes : JSON.stringify(answer);
      this.#finish(flight);
      delivery.whole(own, this.#origin(flight));
      return;
    }
    const stream = this.#stream();
    const rest = this.#read(payloadsOf(recorded, leg.upstream.protocol), flight.dropped) + stream.finish();
    this.#finish(flight);
    delivery.end(rest, () => this.#origin(flight));
  }

  found(found: Found): void {
    const leg = this.#leg;
    this.#flight = null;
    if (leg?.plan != null && !this.#over) this.#serve(leg, leg.plan, found, 'hit');
  }

  failed(end: FlightEnd, flight: Flight): void {
    this.#flight = null;
    if (this.#over) return;
    const { delivery } = this.#in;
    switch (end.kind) {
      case 'refused':
        if (this.#leg !== null) this.#noteRefusal(this.#leg, end.refusal);
        break;
      case 'rejected':
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
        this.#failure ??= end.error;
        if (end.isReset && this.#next === this.#in.candidates.length) this.#next -= 1;
        break;
      default:
        end satisfies never;
    }
    this.advance();
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
      return { upstream, exchange: openExchange(request, upstream.protocol, context), plan: null };
    }
    try {
      const exchange = openExchange(request, upstream.protocol, context);
      const plan = answers.planOf(upstream, exchange, request, wishes, scope, context.id);
      return {
        upstream,
        plan,
        exchange:
          plan === null ? exchange : openExchange(request, upstream.protocol, { ...context, shared: true }),
      };
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
    this.#answer = null;
    this.#cursor = 0;
    this.#legs.push(leg);
    const { plan } = leg;
    if (plan?.reads === true) {
      const found = answers.find(plan);
      delivery.lookedUpAt ??= performance.now();
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
        this.#flight = running;
        running.join(this);
        return true;
      }
    }
    return this.#begin(leg);
  }

  /** Begins a call of its own; false when the breaker refuses at once. */
  #begin(leg: Leg): boolean {
    const { answers, delivery, request } = this.#in;
    const { plan, upstream, exchange } = leg;
    const { trace } = delivery;
    const flight =
      plan === null
        ? new Flight({
            upstream,
            operation: exchange.operation,
            path: exchange.path,
            body: this.#body(exchange),
            headers: this.#headers(upstream),
            stream: request.stream,
            trace,
            keepBytes: 0,
            lookUp: null,
            onRecorded: null,
            onOver: () => {},
            now: this.#in.context.now,
          })
        : answers.open(this.#asked(leg, plan), { trace });
    this.#isGuest = false;
    this.#flight = flight;
    flight.join(this);
    const refusal = flight.start();
    if (refusal === null) {
      this.#calls += 1;
      return true;
    }
    this.#flight = null;
    this.#noteRefusal(leg, refusal);
    return false;
  }

  #asked({ upstream, exchange }: Leg, plan: CachePlan): Asked {
    return {
      plan,
      upstream,
      operation: exchange.operation,
      path: exchange.path,
      body: this.#body(exchange),
      headers: this.#headers(upstream),
      stream: this.#in.request.stream,
    };
  }

  #body({ requestBody }: Exchange): string | Buffer {
    return requestBody === null ? this.#in.bytes : JSON.stringify(requestBody);
  }

  #headers(upstream: Upstream): string[] {
    return upstreamHeaders(this.#in.req.rawHeaders, {
      requestId: this.#in.delivery.trace.id,
      authorization: upstream.authorization,
      forwardAuthorization: this.#in.forwardAuthorization,
    });
  }

  /** Answers from what is kept. */
  #serve(leg: Leg, plan: CachePlan, { held, tier, freshness }: Found, cache: 'hit' | 'stale'): boolean {
    const { answers, delivery, request, context, renderingKey } = this.#in;
    const { entry } = held;
    const { id, recorded } = recordedOf(entry);
    const replay = { ...context, id, now: () => entry.storedAtMs, shared: true };
    const body = rendered(
      recorded,
      openExchange(request, leg.upstream.protocol, replay),
      leg.upstream,
      request,
    );
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
    if (renderingKey !== null && leg === this.#legs[0]) {
      const { model, stream } = request;
      answers.renderings.set(renderingKey, { held: [held], upstream: leg.upstream, model, stream, body });
    }
    if (freshness === 'refresh') answers.refresh(this.#asked(leg, plan));
    else if (answers.isDrawn()) answers.check(this.#asked(leg, plan), held);
    return true;
  }

  #stream(): AnswerStream {
    this.#answer ??= this.#leg?.exchange.openStream() ?? null;
    if (this.#answer === null) throw new SwitchgearError('internal', 'No upstream was tried');
    return this.#answer;
  }

  /** The client's form of the payloads that were not read yet. */
  #read(payloads: readonly string[], dropped: number): string {
    const stream = this.#stream();
    let text = '';
    for (let at = this.#cursor - dropped; at < payloads.length; at += 1) {
      const payload = payloads[at];
      this.#cursor += 1;
      if (payload !== undefined && !stream.ended) text += stream.push(payload);
    }
    return text;
  }

  #origin(flight: Flight): Origin {
    return {
      cache: this.#cacheStatus(),
      upstream: flight.upstream.name,
      call: this.#isGuest ? null : flight.call,
      headers: this.#isGuest ? [] : shownHeaders(flight),
    };
  }

  #cacheStatus(): CacheStatus {
    if (this.#leg?.plan == null) return 'bypass';
    return this.#isGuest ? 'coalesced' : 'miss';
  }

  #finish(flight: Flight): void {
    const { trace } = this.#in.delivery;
    this.#over = true;
    this.#flight = null;
    if (this.#isGuest) {
      trace.upstream = flight.upstream.name;
      trace.how = 'coalesced';
    } else trace.usage = flight.usage;
    const { answers } = this.#in;
    const plan = this.#leg?.plan ?? null;
    if (plan !== null) answers.cache.count(plan.cache, this.#isGuest ? 'coalesced' : 'miss');
    else if (this.#leg?.exchange.operation !== 'embeddings')
      answers.cache.count(responsesOf(flight.upstream.name), 'bypass');
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
        new SwitchgearError('internal', 'No upstream was tried'),
    );
  }

  /** The youngest answer that is late, of the upstream that was tried first. */
  #serveStale(): boolean {
    if (this.#failure === null && this.#refusal === null) return false;
    for (const leg of this.#legs) {
      const { plan } = leg;
      if (plan?.takesStale !== true) continue;
      const found = this.#in.answers.find(plan);
      if (found !== null) return this.#serve(leg, plan, found, 'stale');
    }
    return false;
  }

  #reject({ upstream, status, headers, text }: Rejection, flight: Flight | null): void {
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

/** The whole answer in the client's form, streamed or not. */
function rendered(
  recorded: Recorded,
  exchange: Exchange,
  { protocol }: Upstream,
  { stream }: ClientRequest,
): Buffer {
  if (!stream) return Buffer.from(JSON.stringify(exchange.answer(wholeOf(recorded, protocol))));
  const answer = exchange.openStream();
  let text = '';
  for (const payload of payloadsOf(recorded, protocol)) if (!answer.ended) text += answer.push(payload);
  return Buffer.from(text + answer.finish());
}
