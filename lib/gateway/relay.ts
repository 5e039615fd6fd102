/**
 * One client call on its way: route ► slot ► breaker ► upstream ► client. A call that fails before anything was sent
 * to the client goes once more, to the next upstream that serves the model; open upstreams are passed over for
 * nothing. Once the first byte is out, an error can only be told inside the stream.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Outcome, Permit } from '#lib/breaker/types.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import { clientHeaders, upstreamHeaders } from '#lib/gateway/headers.ts';
import { sendError, sendJson } from '#lib/gateway/reply.ts';
import { createStreamDecoder, STREAM_CONTENT_TYPE, type StreamDecoder } from '#lib/protocols/decoder.ts';
import { errorEvent, translateUpstreamError } from '#lib/protocols/errors.ts';
import { isLoadRequest, loadAnswer, openExchange } from '#lib/protocols/exchange.ts';
import type {
  AnswerStream,
  ClientRequest,
  Exchange,
  ExchangeContext,
  Json,
  Protocol,
} from '#lib/protocols/types.ts';
import { circuitOpen } from '#lib/upstream/admin.ts';
import type { CallError, ResponseHeaders, UpstreamCall } from '#lib/upstream/call.ts';
import { errorOfCall, failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Waiting } from '#lib/upstream/slots.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** Calls that may reach an upstream for one client call: the first, and at most one retry. */
const MAX_CALLS = 2;
/** Answers that are not streamed are held whole; embeddings of 2,048 items with 3,072 floats are some 130 MB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface RelayInput {
  req: IncomingMessage;
  res: ServerResponse;
  surface: Protocol;
  request: ClientRequest;
  /** The client's own bytes. */
  bytes: Buffer;
  requestId: string;
  startedAt: number;
  candidates: readonly Upstream[];
  context: ExchangeContext;
  /** Whether the client's `authorization` was meant for the upstream rather than for us. */
  forwardAuthorization: boolean;
}

export class Relay {
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
      sendJson(this.#in.res, 200, JSON.stringify(loadAnswer(request, context)), this.#ownHeaders(upstream));
      return null;
    }
    try {
      return openExchange(request, upstream.protocol, context);
    } catch (thrown) {
      this.#inexpressible ??= toSwitchgearError(thrown);
      return null;
    }
  }

  /** True when a call was begun, or waits for its slot. */
  #admit(upstream: Upstream, exchange: Exchange): boolean {
    const refusal = upstream.breakers[exchange.operation].refusal();
    if (refusal !== null) {
      this.#noteRefusal(upstream, exchange, refusal.retryAfterMs);
      return false;
    }
    if (upstream.slots.tryAcquire()) return this.#begin(upstream, exchange);
    this.#waiting = upstream.slots.wait(
      () => {
        this.#waiting = null;
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
    const permit = upstream.breakers[exchange.operation].admit();
    if (!permit.admitted) {
      upstream.slots.release();
      this.#noteRefusal(upstream, exchange, permit.retryAfterMs);
      return false;
    }
    this.#calls += 1;
    this.#attempt = new Attempt(this.#in, this, upstream, exchange, permit);
    return true;
  }

  #noteRefusal(upstream: Upstream, exchange: Exchange, retryAfterMs: number): void {
    const error = circuitOpen(`${upstream.name}.${exchange.operation}`, retryAfterMs);
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
    sendError(this.#in.res, this.#in.surface, error, this.#ownHeaders(null));
  }

  #clientLeft(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting?.cancel();
    this.#attempt?.abandon();
  }

  #ownHeaders(upstream: Upstream | null): string[] {
    return ownHeaders(this.#in, upstream, null, null);
  }
}

/** An upstream's own error answer, kept until it is known that no other upstream can help. */
interface Rejection {
  upstream: Upstream;
  status: number;
  headers: ResponseHeaders;
  body: string | Buffer;
}

/** One call of the relay to one upstream: holds a slot and a permit from its first line to the end of the work. */
class Attempt {
  readonly #in: RelayInput;
  readonly #relay: Relay;
  readonly #upstream: Upstream;
  readonly #exchange: Exchange;
  readonly #permit: Permit;
  readonly #queuedMs: number;
  readonly #call: UpstreamCall;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #headers: ResponseHeaders = {};
  #answer: AnswerStream | null = null;
  #decoder: StreamDecoder | null = null;
  /** Framed text that waits to be written with the rest of its chunk. */
  #pending = '';
  /** True once a byte has gone to the client. */
  #committed = false;
  /** True once the client has its whole answer; the upstream may still be closing its own. */
  #served = false;
  #slotHeld = true;

  constructor(input: RelayInput, relay: Relay, upstream: Upstream, exchange: Exchange, permit: Permit) {
    this.#in = input;
    this.#relay = relay;
    this.#upstream = upstream;
    this.#exchange = exchange;
    this.#permit = permit;
    this.#queuedMs = performance.now() - input.startedAt;
    const body = exchange.requestBody === null ? input.bytes : JSON.stringify(exchange.requestBody);
    const headers = upstreamHeaders(input.req.rawHeaders, {
      requestId: input.requestId,
      authorization: upstream.authorization,
      forwardAuthorization: input.forwardAuthorization,
    });
    this.#call = upstream.call({ method: 'POST', path: exchange.path, headers, body }, this);
  }

  onHead(status: number, headers: ResponseHeaders): void {
    this.#status = status;
    this.#headers = headers;
    if (status < 200 || status >= 300 || !this.#in.request.stream) return;
    const answer = this.#exchange.openStream();
    this.#answer = answer;
    this.#decoder = createStreamDecoder(this.#upstream.protocol, (payload) => {
      if (!answer.ended) this.#pending += answer.push(payload);
    });
  }

  onData(chunk: Buffer): boolean {
    if (this.#served) return true;
    if (this.#decoder !== null && this.#answer !== null)
      return this.#stream(this.#decoder, this.#answer, chunk);
    this.#size += chunk.length;
    if (this.#size > MAX_ANSWER_BYTES) {
      this.#broken(
        new SwitchgearError('upstream_invalid', `Upstream ${this.#upstream.name}: the answer is too large`),
      );
      return true;
    }
    this.#chunks.push(chunk);
    return true;
  }

  onEnd(): void {
    this.#releaseSlot();
    if (this.#served) return;
    if (this.#decoder !== null && this.#answer !== null) this.#endStream(this.#decoder, this.#answer);
    else if (this.#status >= 200 && this.#status < 300) this.#whole();
    else this.#rejected();
  }

  onError(error: CallError): void {
    this.#releaseSlot();
    if (this.#served) return;
    this.#settle(failureOf(error));
    const shown = errorOfCall(this.#upstream.name, error);
    if (this.#committed) this.#breakOff(shown);
    else this.#relay.failed(shown, error.failure === 'reset');
  }

  /** The client has left: the upstream is told at once, and its health is not judged by it. */
  abandon(): void {
    this.#call.abort();
    this.#releaseSlot();
    this.#settle({ kind: 'neutral' });
  }

  #stream(decoder: StreamDecoder, answer: AnswerStream, chunk: Buffer): boolean {
    try {
      decoder.push(chunk);
    } catch (thrown) {
      this.#flush();
      this.#broken(toSwitchgearError(thrown));
      return true;
    }
    const ready = this.#flush();
    if (answer.ended) this.#endAnswer();
    return ready;
  }

  #endStream(decoder: StreamDecoder, answer: AnswerStream): void {
    try {
      decoder.end();
      this.#pending += answer.finish();
    } catch (thrown) {
      this.#flush();
      this.#broken(toSwitchgearError(thrown));
      return;
    }
    this.#flush();
    this.#endAnswer();
  }

  /** Writes what is pending; answers false when the client reads more slowly than we write. */
  #flush(): boolean {
    if (this.#pending === '') return true;
    const { res, surface } = this.#in;
    const text = this.#pending;
    this.#pending = '';
    if (!this.#committed) {
      this.#committed = true;
      const headers = this.#answerHeaders();
      headers.push('content-type', STREAM_CONTENT_TYPE[surface], 'cache-control', 'no-cache, no-transform');
      headers.push('x-accel-buffering', 'no');
      res.writeHead(200, headers);
    }
    if (res.write(text)) return true;
    res.once('drain', () => this.#call.resume());
    return false;
  }

  #endAnswer(): void {
    this.#served = true;
    this.#settle({ kind: 'success' });
    this.#relay.finished();
    this.#in.res.end();
  }

  #whole(): void {
    const bytes =
      this.#chunks.length === 1 && this.#chunks[0] !== undefined
        ? this.#chunks[0]
        : Buffer.concat(this.#chunks);
    let body: string | Buffer;
    try {
      const parsed = parseAnswer(bytes, this.#upstream.name);
      const answer = this.#exchange.answer(parsed);
      body = answer === parsed ? bytes : JSON.stringify(answer);
    } catch (thrown) {
      this.#broken(toSwitchgearError(thrown));
      return;
    }
    this.#served = true;
    this.#settle({ kind: 'success' });
    this.#relay.finished();
    sendJson(this.#in.res, 200, body, this.#answerHeaders());
  }

  /** The upstream answered with an error of its own: its own 4xx goes to the client unchanged. */
  #rejected(): void {
    const outcome = outcomeOfStatus(this.#status, this.#headers, this.#in.context.now());
    this.#settle(outcome);
    if (this.#status < 400) {
      const text = `Upstream ${this.#upstream.name} answered with status ${this.#status}`;
      this.#relay.failed(new SwitchgearError('upstream_invalid', text), false);
      return;
    }
    const text = Buffer.concat(this.#chunks).toString('utf8');
    const rejection: Rejection = {
      upstream: this.#upstream,
      status: this.#status,
      headers: this.#headers,
      body: JSON.stringify(
        translateUpstreamError(this.#in.surface, this.#upstream.protocol, this.#status, text),
      ),
    };
    if (outcome.kind === 'failure') {
      this.#relay.failed(rejection, false);
      return;
    }
    this.#served = true;
    this.#relay.finished();
    sendJson(this.#in.res, rejection.status, rejection.body, [
      ...clientHeaders(this.#headers),
      ...this.#own(),
    ]);
  }

  /** The answer cannot be used: it is the upstream's failure, and its connection is not worth keeping. */
  #broken(error: SwitchgearError): void {
    this.#call.abort();
    this.#releaseSlot();
    const failure =
      error.code === 'upstream_error' ? 'stream_error' : this.#committed ? 'cut' : 'invalid_response';
    this.#settle({ kind: 'failure', failure, message: error.message });
    if (this.#committed) this.#breakOff(error);
    else this.#relay.failed(error, false);
  }

  /** Tells the client inside its stream that no more will come. */
  #breakOff(error: SwitchgearError): void {
    this.#served = true;
    this.#relay.finished();
    this.#in.res.end(errorEvent(this.#in.surface, error));
  }

  #settle(outcome: Outcome): void {
    this.#permit.settle(outcome);
  }

  #releaseSlot(): void {
    if (!this.#slotHeld) return;
    this.#slotHeld = false;
    this.#upstream.slots.release();
  }

  #answerHeaders(): string[] {
    return [...clientHeaders(this.#headers), ...this.#own()];
  }

  #own(): string[] {
    return ownHeaders(this.#in, this.#upstream, this.#queuedMs, this.#call.firstByteAt);
  }
}

function parseAnswer(bytes: Buffer, upstream: string): Json {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch (cause) {
    throw new SwitchgearError('upstream_invalid', `Upstream ${upstream}: the answer is not JSON`, { cause });
  }
}

/** The headers that we add to every answer of a model call. `x-cache` says bypass: there is no cache yet. */
function ownHeaders(
  input: RelayInput,
  upstream: Upstream | null,
  queuedMs: number | null,
  firstByteAt: number | null,
): string[] {
  const totalMs = performance.now() - input.startedAt;
  const upstreamMs = firstByteAt === null ? null : firstByteAt - input.startedAt - (queuedMs ?? 0);
  const timing = [
    queuedMs === null ? null : `queue;dur=${queuedMs.toFixed(2)}`,
    upstreamMs === null ? null : `upstream;dur=${upstreamMs.toFixed(2)}`,
    `total;dur=${totalMs.toFixed(2)}`,
  ];
  const headers = ['x-request-id', input.requestId, 'x-cache', 'bypass'];
  headers.push('server-timing', timing.filter((entry) => entry !== null).join(', '));
  if (upstream !== null) headers.push('x-switchgear-upstream', upstream.name);
  return headers;
}
