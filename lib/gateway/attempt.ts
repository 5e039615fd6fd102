/**
 * One call of a relay to one upstream: it holds a slot and a permit from its first line to the end of the work, and
 * carries the answer to the client, streamed or whole.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Outcome, Permit } from '#lib/breaker/types.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import { clientHeaders, upstreamHeaders } from '#lib/gateway/headers.ts';
import { sendJson } from '#lib/gateway/reply.ts';
import { createStreamDecoder, STREAM_CONTENT_TYPE, type StreamDecoder } from '#lib/protocols/decoder.ts';
import { errorEvent, translateUpstreamError } from '#lib/protocols/errors.ts';
import type {
  AnswerStream,
  ClientRequest,
  Exchange,
  ExchangeContext,
  Protocol,
} from '#lib/protocols/types.ts';
import { parseAnswer, usageIn } from '#lib/protocols/upstream-answer.ts';
import type { CallTrace, RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { CallError, CallSink, ResponseHeaders, UpstreamCall } from '#lib/upstream/call.ts';
import { outbound } from '#lib/upstream/outbound.ts';
import { errorOfCall, failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

const ATTEMPT = outbound('Attempt', import.meta.url);

/** Answers that are not streamed are held whole; embeddings of 2,048 items with 3,072 floats are some 130 MB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface AttemptInput {
  req: IncomingMessage;
  res: ServerResponse;
  surface: Protocol;
  request: ClientRequest;
  /** The client's own bytes. */
  bytes: Buffer;
  requestId: string;
  startedAt: number;
  trace: RequestTrace;
  context: ExchangeContext;
  /** Told of a fault of our own, which is no upstream's. */
  onInternalError: (error: SwitchgearError, requestId: string) => void;
  /** Whether the client's `authorization` was meant for the upstream rather than for us. */
  forwardAuthorization: boolean;
}

/** Told how an attempt ended. */
export interface AttemptOwner {
  /** It brought nothing that the client has seen. */
  failed(failure: SwitchgearError | Rejection, worthSameUpstream: boolean): void;
  /** It has ended the client's answer. */
  finished(): void;
}

/** An upstream's own error answer, kept until it is known that no other upstream can help. */
export interface Rejection {
  upstream: Upstream;
  status: number;
  headers: ResponseHeaders;
  body: string | Buffer;
}

/** One call of the relay to one upstream: holds a slot and a permit from its first line to the end of the work. */
export class Attempt implements CallSink {
  readonly #in: AttemptInput;
  readonly #owner: AttemptOwner;
  readonly #upstream: Upstream;
  readonly #exchange: Exchange;
  readonly #permit: Permit;
  readonly #call: UpstreamCall;
  readonly #trace: CallTrace;
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

  constructor(
    input: AttemptInput,
    owner: AttemptOwner,
    upstream: Upstream,
    exchange: Exchange,
    permit: Permit,
  ) {
    this.#in = input;
    this.#owner = owner;
    this.#upstream = upstream;
    this.#exchange = exchange;
    this.#permit = permit;
    const body = exchange.requestBody === null ? input.bytes : JSON.stringify(exchange.requestBody);
    const headers = upstreamHeaders(input.req.rawHeaders, {
      requestId: input.requestId,
      authorization: upstream.authorization,
      forwardAuthorization: input.forwardAuthorization,
    });
    const request = { method: 'POST', path: exchange.path, headers, body } as const;
    this.#call = upstream.call(ATTEMPT, permit, request, this);
    const component = `${upstream.name}.${exchange.operation}`;
    this.#trace = input.trace.callBegan(upstream.name, component, this.#call.startedAt);
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
    this.#settle(failureOf(error), error.failure);
    const shown = errorOfCall(this.#upstream.name, error);
    if (this.#committed && error.blameless === true) this.#hangUp();
    else if (this.#committed) this.#breakOff(shown);
    else this.#owner.failed(shown, error.failure === 'reset');
  }

  /** The client has left: the upstream is told at once, and its health is not judged by it. */
  abandon(): void {
    this.#call.abort();
    this.#releaseSlot();
    this.#settle({ kind: 'neutral' }, 'client_closed');
  }

  #stream(decoder: StreamDecoder, answer: AnswerStream, chunk: Buffer): boolean {
    const arrivedAt = this.#committed ? 0 : performance.now();
    try {
      decoder.push(chunk);
    } catch (thrown) {
      this.#flush();
      this.#broken(toSwitchgearError(thrown));
      return true;
    }
    if (this.#pending !== '') this.#trace.readyAt ??= arrivedAt;
    const ready = this.#flush();
    if (!answer.ended) return ready;
    this.#endAnswer();
    // The client has it all; what the upstream still sends must not wait for the client to read.
    return true;
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
      this.#in.trace.answeredAt = performance.now();
    }
    if (res.write(text)) return true;
    res.once('drain', () => this.#call.resume());
    return false;
  }

  #endAnswer(): void {
    this.#served = true;
    this.#in.trace.usage = this.#answer?.usage ?? null;
    this.#settle(this.#success());
    this.#owner.finished();
    this.#in.res.end();
    this.#call.resume();
  }

  #whole(): void {
    const bytes =
      this.#chunks.length === 1 && this.#chunks[0] !== undefined
        ? this.#chunks[0]
        : Buffer.concat(this.#chunks);
    let body: string | Buffer;
    this.#trace.readyAt = performance.now();
    try {
      const parsed = parseAnswer(bytes.toString('utf8'), this.#upstream.name);
      const answer = this.#exchange.answer(parsed);
      this.#in.trace.usage = usageIn(parsed);
      body = answer === parsed ? bytes : JSON.stringify(answer);
    } catch (thrown) {
      this.#broken(toSwitchgearError(thrown));
      return;
    }
    this.#served = true;
    this.#settle(this.#success());
    this.#owner.finished();
    this.#in.trace.answeredAt = performance.now();
    sendJson(this.#in.res, 200, body, this.#answerHeaders());
  }

  /** The upstream answered with an error of its own: its own 4xx goes to the client unchanged. */
  #rejected(): void {
    const outcome = outcomeOfStatus(this.#status, this.#headers, this.#in.context.now());
    this.#settle(outcome, outcome.kind === 'failure' ? outcome.failure : `http_${this.#status}`);
    if (this.#status < 400) {
      const text = `Upstream ${this.#upstream.name} answered with status ${this.#status}`;
      this.#owner.failed(new SwitchgearError('upstream_invalid', text), false);
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
      this.#owner.failed(rejection, false);
      return;
    }
    this.#served = true;
    this.#in.trace.rejectedByUpstream(this.#status);
    this.#owner.finished();
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
    if (error.code === 'internal') {
      this.#in.onInternalError(error, this.#in.requestId);
      this.#settle({ kind: 'neutral' }, 'internal');
    } else this.#settle({ kind: 'failure', failure, message: error.message });
    if (this.#committed) this.#breakOff(error);
    else this.#owner.failed(error, false);
  }

  /** Tells the client inside its stream that no more will come. */
  #breakOff(error: SwitchgearError): void {
    this.#served = true;
    this.#in.trace.failed(error.code);
    this.#owner.finished();
    this.#in.res.end(errorEvent(this.#in.surface, error));
  }

  /** The client has not read for the whole of the call's budget, and would not read an error either. */
  #hangUp(): void {
    this.#served = true;
    this.#owner.finished();
    this.#in.res.destroy();
  }

  /** `name` is what the trace calls it. */
  #settle(outcome: Outcome, name = outcome.kind === 'failure' ? outcome.failure : 'ok'): void {
    this.#trace.firstByteAt = this.#call.firstByteAt;
    this.#trace.end(name, performance.now());
    this.#permit.settle(outcome);
  }

  #success(): Outcome {
    return { kind: 'success', loadMs: this.#in.trace.usage?.loadMs ?? 0 };
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
    return ownHeaders(this.#in, this.#upstream, this.#call);
  }
}

/**
 * The headers that we add to every answer of a model call; `call` is the one that was answered. `x-cache` says bypass:
 * there is no cache yet.
 */
export function ownHeaders(
  { trace, startedAt }: AttemptInput,
  upstream: Upstream | null,
  call: UpstreamCall | null,
): string[] {
  const timing: string[] = [];
  if (call !== null) timing.push(`queue;dur=${trace.queueMs.toFixed(2)}`);
  if (call !== null && call.firstByteAt !== null)
    timing.push(`upstream;dur=${(call.firstByteAt - call.startedAt).toFixed(2)}`);
  timing.push(`total;dur=${(performance.now() - startedAt).toFixed(2)}`);
  const headers = ['x-request-id', trace.id, 'x-cache', 'bypass', 'server-timing', timing.join(', ')];
  if (upstream !== null) headers.push('x-switchgear-upstream', upstream.name);
  return headers;
}
