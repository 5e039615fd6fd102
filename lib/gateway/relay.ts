/**
 * One client call on its way: route ► slot ► breaker ► upstream ► client. A call that fails before anything was sent
 * to the client goes once more, to the next upstream that serves the model; open upstreams are passed over for
 * nothing. Once the first byte is out, an error can only be told inside the stream.
 */

import type { Refusal } from '#lib/breaker/types.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import {
  Attempt,
  type AttemptInput,
  type AttemptOwner,
  ownHeaders,
  type Rejection,
} from '#lib/gateway/attempt.ts';
import { clientHeaders } from '#lib/gateway/headers.ts';
import { sendError, sendJson } from '#lib/gateway/reply.ts';
import { isLoadRequest, loadAnswer, openExchange } from '#lib/protocols/exchange.ts';
import type { Exchange } from '#lib/protocols/types.ts';
import { circuitOpen } from '#lib/upstream/admin.ts';
import type { Waiting } from '#lib/upstream/slots.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** Calls that may reach an upstream for one client call: the first, and at most one retry. */
const MAX_CALLS = 2;

export interface RelayInput extends AttemptInput {
  /** In order of preference. */
  candidates: readonly Upstream[];
}

export class Relay implements AttemptOwner {
  readonly #in: RelayInput;
  #next = 0;
  #calls = 0;
  /** Set while waiting for a slot. */
  #waiting: Waiting | null = null;
  #attempt: Attempt | null = null;
  /** What to tell the client when no upstream is left: the first real failure counts most. */
  #failure: SwitchgearError | Rejection | null = null;
  #refusal: SwitchgearError | null = null;
  #inexpressible: SwitchgearError | null = null;
  #over = false;

  constructor(input: RelayInput) {
    this.#in = input;
    input.res.once('close', () => this.#clientLeft());
  }

  /** Tries the candidates in order until one serves or none is left. */
  advance(): void {
    while (!this.#over && this.#calls < MAX_CALLS) {
      const upstream = this.#in.candidates[this.#next];
      if (upstream === undefined) break;
      this.#next += 1;
      const exchange = this.#open(upstream);
      if (exchange !== null && this.#admit(upstream, exchange)) return;
    }
    this.#giveUp();
  }

  /** The exchange with this upstream, or null when it cannot carry the request or needs no call at all. */
  #open(upstream: Upstream): Exchange | null {
    const { request, context } = this.#in;
    if (upstream.protocol === 'openai' && isLoadRequest(request)) {
      this.#over = true;
      this.#in.trace.answeredAt = performance.now();
      sendJson(this.#in.res, 200, JSON.stringify(loadAnswer(request, context)), this.#ownHeaders(upstream));
      return null;
    }
    try {
      return openExchange(request, upstream.protocol, context);
    } catch (thrown) {
      const error = toSwitchgearError(thrown);
      if (error.code === 'internal') this.#in.onInternalError(error, this.#in.requestId);
      this.#inexpressible ??= error;
      return null;
    }
  }

  /** True when a call was begun, or waits for its slot. */
  #admit(upstream: Upstream, exchange: Exchange): boolean {
    const refusal = upstream.breakers[exchange.operation].refusal();
    if (refusal !== null) {
      this.#noteRefusal(upstream, exchange, refusal);
      return false;
    }
    if (upstream.slots.tryAcquire()) return this.#begin(upstream, exchange);
    this.#in.trace.queueBegan(performance.now());
    this.#waiting = upstream.slots.wait(
      () => {
        this.#waiting = null;
        this.#in.trace.queueEnded(performance.now());
        if (!this.#begin(upstream, exchange)) this.advance();
      },
      (error) => {
        this.#waiting = null;
        this.#fail(error);
      },
    );
    return true;
  }

  /** Begins the call in a slot that is held; gives the slot back when the breaker says no. */
  #begin(upstream: Upstream, exchange: Exchange): boolean {
    const permit = upstream.latest.breakers[exchange.operation].admit();
    if (!permit.admitted) {
      upstream.slots.release();
      this.#noteRefusal(upstream, exchange, permit);
      return false;
    }
    this.#calls += 1;
    this.#attempt = new Attempt(this.#in, this, upstream.latest, exchange, permit);
    return true;
  }

  #noteRefusal(upstream: Upstream, exchange: Exchange, { reason, retryAfterMs }: Refusal): void {
    const component = `${upstream.name}.${exchange.operation}`;
    this.#in.trace.refused(component, reason, performance.now());
    const error = circuitOpen(component, retryAfterMs);
    if (this.#refusal?.retryAfterMs === undefined || retryAfterMs < this.#refusal.retryAfterMs) {
      this.#refusal = error;
    }
  }

  /** An attempt brought nothing that the client has seen. */
  failed(failure: SwitchgearError | Rejection, worthSameUpstream: boolean): void {
    this.#attempt = null;
    this.#failure ??= failure;
    if (worthSameUpstream && this.#next === this.#in.candidates.length) this.#next -= 1;
    this.advance();
  }

  /** The attempt has ended the client's answer. */
  finished(): void {
    this.#over = true;
    this.#attempt = null;
  }

  #giveUp(): void {
    if (this.#over) return;
    const failure = this.#failure;
    if (failure !== null && !(failure instanceof Error)) {
      this.#over = true;
      this.#in.trace.rejectedByUpstream(failure.status);
      const headers = [...clientHeaders(failure.headers), ...this.#ownHeaders(failure.upstream)];
      sendJson(this.#in.res, failure.status, failure.body, headers);
      return;
    }
    this.#fail(
      failure ??
        this.#refusal ??
        this.#inexpressible ??
        new SwitchgearError('internal', 'No upstream was tried'),
    );
  }

  #fail(error: SwitchgearError): void {
    this.#over = true;
    this.#in.trace.failed(error.code);
    sendError(this.#in.res, this.#in.surface, error, this.#ownHeaders(null));
  }

  #clientLeft(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting?.cancel();
    this.#attempt?.abandon();
  }

  #ownHeaders(upstream: Upstream | null): string[] {
    return ownHeaders(this.#in, upstream, null);
  }
}
