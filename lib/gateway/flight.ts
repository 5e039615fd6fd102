/**
 * One call to one upstream and those who wait for it: the client that began it, others that ask for the same, or
 * nobody but the cache. It holds a slot and a permit from its first byte to the end of the work, keeps what came so
 * that late joiners get it from the beginning, and is cancelled when the last one leaves.
 */
import { performance } from 'node:perf_hooks';
import type { Turn } from '#lib/batching/release-groups.ts';
import type { Outcome, Permit, Refusal } from '#lib/breaker/types.ts';
import type { Found } from '#lib/cache/response-cache.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import type { CacheStatus } from '#lib/gateway/delivery.ts';
import { clientHeaders } from '#lib/gateway/headers.ts';
import { createStreamDecoder, type StreamDecoder } from '#lib/protocols/decoder.ts';
import { keepAliveIn } from '#lib/protocols/keep-alive.ts';
import type { Recorded } from '#lib/protocols/recorded.ts';
import { StreamMonitor } from '#lib/protocols/stream-monitor.ts';
import type { Operation, Usage } from '#lib/protocols/types.ts';
import { parseAnswer, usageIn } from '#lib/protocols/upstream-answer.ts';
import type { CallObserver, CallTrace, RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { CallError, CallSink, ResponseHeaders, UpstreamCall } from '#lib/upstream/call.ts';
import { outbound } from '#lib/upstream/outbound.ts';
import { errorOfCall, failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Waiting } from '#lib/upstream/slots.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

const FLIGHT = outbound('Flight', import.meta.url);

/** Answers that are not streamed are held whole; embeddings of 2,048 items with 3,072 floats are some 130 MB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** An upstream's own error answer, kept until it is known that no other upstream can help. */
export interface Rejection {
  readonly upstream: Upstream;
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly text: string;
  /** Whether it counts as the upstream's failure. */
  readonly isFailure: boolean;
}

export type FlightEnd =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | {
      readonly kind: 'failed';
      readonly error: SwitchgearError;
      /** The connection broke before an answer, as a stale one does. */
      readonly isReset: boolean;
      /** Nobody is to blame but a client that did not read. */
      readonly isBlameless: boolean;
    };

/** The end of what failed here, before or after the upstream's part. */
export function failedBy(thrown: unknown): FlightEnd {
  return { kind: 'failed', error: toSwitchgearError(thrown), isReset: false, isBlameless: false };
}

/** Statuses that say that what was asked is wrong. */
const BLAMES_ITEMS = new Set([400, 413, 422]);

/** Whether the refusal of a batch may be the fault of a single item. */
export function blamesItems(end: FlightEnd): boolean {
  return end.kind === 'rejected' && BLAMES_ITEMS.has(end.rejection.status);
}

/** What is on its way to those who wait. */
export interface Answering {
  /** Of a stream, those that are still kept. */
  readonly payloads: readonly string[];
  /** Payloads that came before the first of `payloads`. */
  readonly dropped: number;
  /** All of it, once it is there. */
  readonly recorded: Recorded | null;
  /** The whole answer as it came. */
  readonly bytes: Buffer;
  readonly usage: Usage | null;
  readonly headers: ResponseHeaders;
  readonly call: UpstreamCall | null;
  /** The upstream that was called, which may have replaced the one that was asked for. */
  readonly upstream: Upstream;
  /** Items of the upstream call, when several requests shared it. */
  readonly batchSize: number | null;
  /** How the cache had its part in it; null when that differs between those who wait. */
  readonly origin: { readonly cache: CacheStatus; readonly age?: number } | null;
  /** The last one to leave ends the call; its health is not judged by it. */
  leave(waiter: Waiter): void;
  /** One that was blocked reads again. */
  resume(): void;
}

/** A call that others may wait for. */
export interface Joinable extends Answering {
  readonly isJoinable: boolean;
  readonly durationMs: number;
  join(waiter: Waiter): void;
  /** @returns the breaker's refusal when it is known at once; it is over then and nobody was told */
  start(): Refusal | null;
}

/** Somebody who waits. After `complete`, `failed` or `found` nothing more is called. */
export interface Waiter {
  /** Payloads have come; reads them from `flight.payloads`. Throws what it cannot read, which fails the flight. */
  progress(flight: Answering): void;
  /** Everything is there. Throws as `progress`. */
  complete(flight: Answering): void;
  failed(end: FlightEnd, flight: Answering): void;
  /** The shared tier had it. */
  found(found: Found): void;
  /** True while it reads more slowly than the upstream sends. */
  readonly isBlocked: boolean;
}

export interface FlightOrder {
  readonly upstream: Upstream;
  readonly operation: Operation;
  readonly path: string;
  readonly body: string | Buffer;
  /** Flat. */
  readonly headers: string[];
  readonly stream: boolean;
  /** Null when it is of no consequence which. */
  readonly model: string | null;
  /** Of the request that began it, or of several; null when the cache did. */
  readonly trace: CallObserver | null;
  /** The request that began it. */
  readonly request?: RequestTrace | null;
  /** Bytes up to which the answer is kept for others; 0 for an answer that is its client's alone. */
  readonly keepBytes: number;
  /** Looks elsewhere before the upstream is called. */
  readonly lookUp: (() => Promise<Found | null>) | null;
  /** Told once, before the waiters, of what is complete and may be kept. */
  readonly onRecorded: ((flight: Pick<Flight, 'recorded' | 'usage' | 'durationMs'>) => void) | null;
  /** Told once when nobody can join any more. */
  readonly onOver: () => void;
  readonly now: () => number;
}

export class Flight implements Joinable, CallSink {
  readonly order: FlightOrder;
  readonly waiters = new Set<Waiter>();
  readonly origin = null;
  readonly batchSize = null;
  payloads: string[] = [];
  dropped = 0;
  recorded: Recorded | null = null;
  bytes: Buffer = EMPTY;
  usage: Usage | null = null;
  headers: ResponseHeaders = {};
  call: UpstreamCall | null = null;
  durationMs = 0;
  #keeps: boolean;
  #kept = 0;
  #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #monitor: StreamMonitor | null = null;
  #decoder: StreamDecoder | null = null;
  #permit: Permit | null = null;
  #trace: CallTrace | null = null;
  #waiting: Waiting | null = null;
  #turn: Turn | null = null;
  #grantedAt = 0;
  #isInGroup = false;
  #slotHeld = false;
  #over = false;

  constructor(order: FlightOrder) {
    this.order = order;
    this.#keeps = order.keepBytes > 0;
  }

  /** Whether one that comes now still gets all of it. */
  get isJoinable(): boolean {
    return this.#keeps && !this.#over;
  }

  get upstream(): Upstream {
    return this.order.upstream.latest;
  }

  join(waiter: Waiter): void {
    this.waiters.add(waiter);
    if (this.payloads.length > 0) this.#tell((each) => each === waiter && each.progress(this));
  }

  leave(waiter: Waiter): void {
    if (!this.waiters.delete(waiter) || this.waiters.size > 0 || this.#over) return;
    this.#end();
    this.#waiting?.cancel();
    this.call?.abort();
    this.#releaseSlot();
    this.#leaveGroup();
    this.#settle({ kind: 'neutral' }, 'client_closed');
  }

  resume(): void {
    this.call?.resume();
  }

  /**
   * Begins. @returns the breaker's refusal when it is known at once; the flight is over then and nobody was told.
   */
  start(): Refusal | null {
    const { lookUp } = this.order;
    if (lookUp === null) return this.#queue();
    lookUp().then(
      (found) => {
        if (this.#over) return;
        if (found !== null) {
          this.#end();
          for (const waiter of this.#take()) waiter.found(found);
          return;
        }
        const refusal = this.#queue();
        if (refusal !== null) this.#fail({ kind: 'refused', refusal });
      },
      (thrown: unknown) => this.#failWith(toSwitchgearError(thrown)),
    );
    return null;
  }

  #queue(): Refusal | null {
    const { upstream, operation } = this.order;
    const refusal = upstream.breakers[operation].refusal();
    if (refusal !== null) {
      this.#end();
      return refusal;
    }
    return this.#enterGroup();
  }

  /** Waits for the turn of its model, where models push each other out. */
  #enterGroup(): Refusal | null {
    const { upstream, model, trace } = this.order;
    if (upstream.groups === null || model === null) return this.#queueForSlot();
    let isAtOnce = true;
    let refusal: Refusal | null = null;
    this.#turn = upstream.groups.enter(model, () => {
      this.#isInGroup = true;
      this.#grantedAt = performance.now();
      const late = this.#queueForSlot();
      if (isAtOnce) refusal = late;
      else {
        trace?.batchEnded(performance.now());
        if (late !== null) this.#fail({ kind: 'refused', refusal: late });
      }
    });
    isAtOnce = false;
    if (!this.#isInGroup && !this.#over) trace?.batchBegan(performance.now());
    return refusal;
  }

  #queueForSlot(): Refusal | null {
    const { upstream, model, trace } = this.order;
    if (upstream.slots.tryAcquire(model)) return this.#begin();
    trace?.queueBegan(performance.now());
    this.#waiting = upstream.slots.wait(
      model,
      () => {
        this.#waiting = null;
        trace?.queueEnded(performance.now());
        const late = this.#begin();
        if (late !== null) this.#fail({ kind: 'refused', refusal: late });
      },
      (error) => {
        this.#waiting = null;
        // A queue that is full tells so while it is asked.
        queueMicrotask(() => this.#failWith(error));
      },
    );
    return null;
  }

  /** Begins the call in a slot that is held; gives the slot back when the breaker says no. */
  #begin(): Refusal | null {
    const { operation, path, headers, body, model, trace } = this.order;
    const upstream = this.upstream;
    const permit = upstream.breakers[operation].admit();
    if (!permit.admitted) {
      this.order.upstream.slots.release(model);
      this.#end();
      return permit;
    }
    this.#slotHeld = true;
    this.#permit = permit;
    if (model !== null) upstream.usage.began(model);
    this.call = upstream.call(FLIGHT, permit, { method: 'POST', path, headers, body }, this);
    if (trace !== null)
      this.#trace = trace.callBegan(upstream.name, `${upstream.name}.${operation}`, this.call.startedAt);
    return null;
  }

  onHead(status: number, headers: ResponseHeaders): void {
    this.#status = status;
    this.headers = headers;
    if (status < 200 || status >= 300 || !this.order.stream) return;
    const monitor = new StreamMonitor(this.upstream.protocol);
    this.#monitor = monitor;
    this.#decoder = createStreamDecoder(this.upstream.protocol, (payload) => {
      if (monitor.ended) return;
      monitor.push(payload);
      this.payloads.push(payload);
      this.#kept += payload.length;
    });
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#decoder !== null && this.#monitor !== null)
      return this.#stream(this.#decoder, this.#monitor, chunk);
    this.#size += chunk.length;
    if (this.#size > MAX_ANSWER_BYTES)
      this.#broken(
        new SwitchgearError('upstream_invalid', `Upstream ${this.upstream.name}: the answer is too large`),
      );
    else this.#chunks.push(chunk);
    return true;
  }

  onEnd(): void {
    this.#releaseSlot();
    if (this.#over) {
      this.#leaveGroup();
      return;
    }
    if (this.#decoder !== null && this.#monitor !== null) {
      try {
        this.#decoder.end();
        this.#monitor.finish();
      } catch (thrown) {
        this.#deliver();
        this.#broken(toSwitchgearError(thrown));
        return;
      }
      this.#endStream(this.#monitor);
    } else if (this.#status >= 200 && this.#status < 300) this.#whole();
    else this.#rejected();
    this.#leaveGroup();
  }

  onError(error: CallError): void {
    this.#releaseSlot();
    this.#leaveGroup();
    if (this.#over) return;
    this.#settle(failureOf(error), error.failure);
    this.#fail({
      kind: 'failed',
      error: errorOfCall(this.upstream.name, error),
      isReset: error.failure === 'reset',
      isBlameless: error.blameless === true,
    });
  }

  #stream(decoder: StreamDecoder, monitor: StreamMonitor, chunk: Buffer): boolean {
    const arrivedAt = performance.now();
    try {
      decoder.push(chunk);
    } catch (thrown) {
      this.#deliver();
      if (!this.#over) this.#broken(toSwitchgearError(thrown));
      return true;
    }
    if (this.#trace !== null && this.payloads.length > 0) this.#trace.readyAt ??= arrivedAt;
    if (this.#keeps && this.#kept > this.order.keepBytes) {
      this.#keeps = false;
      this.order.onOver();
    }
    if (monitor.ended) {
      this.#endStream(monitor);
      // The clients have it all; what the upstream still sends must not wait for them to read.
      return true;
    }
    this.#deliver();
    if (this.#over || this.#keeps) return true;
    for (const waiter of this.waiters) if (waiter.isBlocked) return false;
    return true;
  }

  /** Hands on what has come; what is nobody else's is dropped once its client has it. */
  #deliver(): void {
    if (this.payloads.length === 0) return;
    this.#tell((waiter) => waiter.progress(this));
    if (this.#keeps || this.#over || this.waiters.size > 1) return;
    this.dropped += this.payloads.length;
    this.payloads = [];
  }

  #endStream(monitor: StreamMonitor): void {
    this.usage = monitor.usage;
    this.#succeed({ form: 'stream', payloads: this.payloads });
    this.resume();
  }

  #whole(): void {
    const [only] = this.#chunks;
    this.bytes = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    if (this.#trace !== null) this.#trace.readyAt = performance.now();
    try {
      const body = parseAnswer(this.bytes.toString('utf8'), this.upstream.name);
      this.usage = usageIn(body);
      this.#succeed({ form: 'whole', body });
    } catch (thrown) {
      this.#broken(toSwitchgearError(thrown));
    }
  }

  /**
   * Waiters read before the call is settled: what they cannot read is the upstream's failure, and what they have not
   * shown to their clients may still go elsewhere.
   */
  #succeed(recorded: Recorded): void {
    this.recorded = recorded;
    this.durationMs = this.call === null ? 0 : performance.now() - this.call.startedAt;
    for (const waiter of [...this.waiters]) {
      try {
        waiter.complete(this);
        this.waiters.delete(waiter);
      } catch (thrown) {
        this.#broken(toSwitchgearError(thrown));
        return;
      }
      // Waiters may have been told of a failure by one that could not read.
      if (this.#over) return;
    }
    this.#end();
    this.#settle({ kind: 'success', loadMs: this.usage?.loadMs ?? 0 }, 'ok');
    if (this.#keeps) this.order.onRecorded?.(this);
  }

  /** The upstream answered with an error of its own. */
  #rejected(): void {
    const outcome = outcomeOfStatus(this.#status, this.headers, this.order.now());
    const isFailure = outcome.kind === 'failure';
    this.#settle(outcome, isFailure ? outcome.failure : `http_${this.#status}`);
    if (this.#status < 400) {
      const text = `Upstream ${this.upstream.name} answered with status ${this.#status}`;
      this.#failWith(new SwitchgearError('upstream_invalid', text));
      return;
    }
    const rejection: Rejection = {
      upstream: this.upstream,
      status: this.#status,
      headers: this.headers,
      text: Buffer.concat(this.#chunks).toString('utf8'),
      isFailure,
    };
    this.#fail({ kind: 'rejected', rejection });
  }

  /** The answer cannot be used: it is the upstream's failure, and its connection is not worth keeping. */
  #broken(error: SwitchgearError): void {
    if (this.#over) return;
    this.call?.abort();
    this.#releaseSlot();
    this.#leaveGroup();
    const wasShown = this.dropped + this.payloads.length > 0;
    const failure = error.code === 'upstream_error' ? 'stream_error' : wasShown ? 'cut' : 'invalid_response';
    if (error.code === 'internal') this.#settle({ kind: 'neutral' }, 'internal');
    else this.#settle({ kind: 'failure', failure, message: error.message }, failure);
    this.#failWith(error);
  }

  #tell(tell: (waiter: Waiter) => void): void {
    for (const waiter of [...this.waiters]) {
      if (this.#over) return;
      try {
        tell(waiter);
      } catch (thrown) {
        this.#broken(toSwitchgearError(thrown));
      }
    }
  }

  #failWith(error: SwitchgearError): void {
    this.#fail(failedBy(error));
  }

  #fail(end: FlightEnd): void {
    this.#end();
    for (const waiter of this.#take()) waiter.failed(end, this);
  }

  #take(): Waiter[] {
    const all = [...this.waiters];
    this.waiters.clear();
    return all;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#turn?.cancel();
    if (this.call === null) this.#leaveGroup();
    this.order.onOver();
  }

  /** `name` is what the trace calls it. */
  #settle(outcome: Outcome, name: string): void {
    if (this.#trace !== null && this.call !== null) {
      this.#trace.firstByteAt = this.call.firstByteAt;
      this.#trace.end(name, performance.now());
    }
    this.#permit?.settle(outcome);
    const { upstream, model } = this.order;
    if (model !== null && outcome.kind === 'success') upstream.usage.served(model, outcome.loadMs ?? 0);
  }

  #leaveGroup(): void {
    const { upstream, model, body } = this.order;
    if (!this.#isInGroup || model === null) return;
    this.#isInGroup = false;
    upstream.groups?.leave(
      model,
      this.usage?.loadMs ?? 0,
      performance.now() - this.#grantedAt,
      keepAliveIn(body) ?? undefined,
    );
  }

  #releaseSlot(): void {
    if (!this.#slotHeld) return;
    this.#slotHeld = false;
    const { upstream, model } = this.order;
    upstream.slots.release(model);
    if (model === null) return;
    const durationMs = this.call === null ? 0 : performance.now() - this.call.startedAt;
    upstream.usage.ended(model, durationMs);
  }
}

const EMPTY = Buffer.alloc(0);

/** What of the upstream's headers its own client may see; others never do. */
export function shownHeaders(flight: Answering): string[] {
  return clientHeaders(flight.headers);
}
