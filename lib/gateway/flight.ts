/**
 * One call to one upstream and those who wait for it: the client that began it, others that ask for the same, or
 * nobody but the cache. It holds a slot and a permit from its first byte to the end of the work, hands on what comes
 * by the rule of `Passage`, and is cancelled when the last one leaves.
 */
import { performance } from 'node:perf_hooks';
import type { Turn } from '#lib/batching/release-groups.ts';
import type { Outcome, Permit, Refusal } from '#lib/breaker/types.ts';
import type { Found } from '#lib/cache/response-cache.ts';
import { SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import type { CacheStatus } from '#lib/gateway/delivery.ts';
import { clientHeaders } from '#lib/gateway/headers.ts';
import type { Source } from '#lib/gateway/large/jobs.ts';
import { LARGE_BYTES } from '#lib/gateway/large/large-answers.ts';
import { isOurs, readByEach } from '#lib/gateway/large/readers.ts';
import type { Holdings } from '#lib/gateway/shared/holdings.ts';
import { type Form, Passage, type Reader } from '#lib/gateway/shared/passage.ts';
import { MAX_ERROR_BYTES, WholeBytes } from '#lib/gateway/shared/whole-bytes.ts';
import { createStreamDecoder, type StreamDecoder } from '#lib/protocols/decoder.ts';
import { keepAliveIn } from '#lib/protocols/keep-alive.ts';
import type { Recorded } from '#lib/protocols/recorded.ts';
import { StreamMonitor } from '#lib/protocols/stream-monitor.ts';
import type { AnswerBytes, Operation, Usage } from '#lib/protocols/types.ts';
import { parseAnswer, usageIn } from '#lib/protocols/upstream-answer.ts';
import type { CallObserver, CallTrace, RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { CallSink, ResponseHeaders, UpstreamCall } from '#lib/upstream/call.ts';
import type { CallError } from '#lib/upstream/call-error.ts';
import { outbound } from '#lib/upstream/outbound.ts';
import { errorOfCall, failureOf, outcomeOfStatus } from '#lib/upstream/outcome.ts';
import type { Waiting } from '#lib/upstream/slots.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

const FLIGHT = outbound('Flight', import.meta.url);

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
  /** The call goes on for others: this one read too slowly, or wants the whole of what is not kept. */
  | { readonly kind: 'let_go' }
  | {
      readonly kind: 'failed';
      readonly error: SwitchgearError;
      /** The upstream was removed or changed before the call went out: those that are there now may be asked. */
      readonly isGone: boolean;
      /** Nobody is to blame but a client that did not read. */
      readonly isBlameless: boolean;
    };

/** The end of what failed here, before or after the upstream's part. */
export function failedBy(thrown: unknown): FlightEnd {
  return { kind: 'failed', error: toSwitchgearError(thrown), isGone: false, isBlameless: false };
}

/** Statuses that say that what was asked is wrong. */
const BLAMES_ITEMS = new Set([400, 413, 422]);

/** Whether the refusal of a batch may be the fault of a single item. */
export function blamesItems(end: FlightEnd): boolean {
  return end.kind === 'rejected' && BLAMES_ITEMS.has(end.rejection.status);
}

/** What is on its way to those who wait. */
export interface Answering {
  /** What is handed on as it comes; null for what is held until it is whole. */
  readonly passage: Passage | null;
  /** All of it, once it is there; of a stream that is not kept, what not all have taken. */
  readonly recorded: Recorded | null;
  /** The whole answer as it came. */
  readonly bytes: Buffer;
  readonly usage: Usage | null;
  readonly headers: ResponseHeaders;
  readonly call: UpstreamCall | null;
  /** The upstream that was asked for; what has replaced it since has its name and is spoken to in the same way. */
  readonly upstream: Upstream;
  /** Items of the upstream call, when several requests shared it. */
  readonly batchSize: number | null;
  /** How the cache had its part in it; null when that differs between those who wait. */
  readonly origin: { readonly cache: CacheStatus; readonly age?: number } | null;
  /** The last one to leave ends the call; its health is not judged by it. */
  leave(waiter: Waiter): void;
  /** One that was behind has taken more. */
  took(): void;
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
export interface Waiter extends Reader {
  /** Whether it is of use to it to be handed an answer of that form piece by piece. */
  takes(form: Form): boolean;
  /** Pieces have come; takes them from `flight.passage`. Throws what it cannot read, which fails the flight. */
  progress(flight: Answering): void;
  /**
   * Everything is there. Throws as `progress`.
   * @returns whether it has taken all of it; one that has not reads on, and leaves when it has
   */
  complete(flight: Answering): boolean;
  /**
   * As `complete`, of a whole answer that is too large to be parsed here.
   * @returns what it says of tokens, once this one has it @throws SwitchgearError which fails the flight
   */
  completeLarge(flight: Answering, source: Source): Promise<Usage | null>;
  failed(end: FlightEnd, flight: Answering): void;
  /** The shared tier had it. */
  found(found: Found): void;
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
  /** How a whole answer is handed on as it comes, once it is large; null when it has to be held. */
  readonly openBytes: (() => AnswerBytes) | null;
  /** Looks elsewhere before the upstream is called. */
  readonly lookUp: (() => Promise<Found | null>) | null;
  /** Told once, before the waiters, of what is complete and may be kept. */
  readonly onRecorded: ((flight: Pick<Flight, 'recorded' | 'usage' | 'durationMs'>) => void) | null;
  /** Told once when nobody can join any more. */
  readonly onOver: () => void;
  readonly holdings: Holdings;
  readonly now: () => number;
}

export class Flight implements Joinable, CallSink {
  readonly order: FlightOrder;
  readonly waiters = new Set<Waiter>();
  /** Those that still take what is complete. */
  readonly #late = new Set<Waiter>();
  readonly origin = null;
  readonly batchSize = null;
  passage: Passage | null = null;
  recorded: Recorded | null = null;
  bytes: Buffer = EMPTY;
  usage: Usage | null = null;
  headers: ResponseHeaders = {};
  call: UpstreamCall | null = null;
  durationMs = 0;
  #isClosed = false;
  readonly #held: WholeBytes;
  #status = 0;
  #monitor: StreamMonitor | null = null;
  #decoder: StreamDecoder | null = null;
  #passing: AnswerBytes | null = null;
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
    this.#held = new WholeBytes(order.holdings, LARGE_BYTES);
  }

  /** Whether one that comes now still gets all of it. */
  get isJoinable(): boolean {
    return this.#keeps && !this.#over;
  }

  get #isOk(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  get #keeps(): boolean {
    return this.passage === null ? this.order.keepBytes > 0 : this.passage.isKept;
  }

  get upstream(): Upstream {
    return this.order.upstream;
  }

  join(waiter: Waiter): void {
    this.waiters.add(waiter);
    if (this.passage !== null && this.passage.end > 0)
      this.#tell((each) => each === waiter && each.progress(this));
  }

  leave(waiter: Waiter): void {
    if (this.#late.delete(waiter)) {
      if (this.#late.size === 0) this.passage?.release();
    } else if (this.waiters.delete(waiter)) {
      if (this.waiters.size > 0) this.took();
      else if (!this.#over) this.#cancel();
    }
  }

  took(): void {
    if (this.#over || this.passage === null) return;
    this.#trim(this.passage);
    if (this.passage.wantsMore(this.waiters)) this.call?.resume();
  }

  /** Nobody waits any more. */
  #cancel(): void {
    this.#end();
    this.#waiting?.cancel();
    this.call?.abort();
    this.#releaseSlot();
    this.#leaveGroup();
    this.passage?.release();
    this.#settle({ kind: 'neutral' }, 'client_closed');
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
        queueMicrotask(() => {
          if (upstream.carrier === null) this.#failGone();
          else this.#failWith(error);
        });
      },
    );
    return null;
  }

  /** Begins the call in a slot that is held; gives the slot back when the breaker says no. */
  #begin(): Refusal | null {
    const { operation, path, headers, body, model, trace } = this.order;
    const upstream = this.order.upstream.carrier;
    if (upstream === null) {
      this.order.upstream.slots.release(model);
      queueMicrotask(() => this.#failGone());
      return null;
    }
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
    if (!this.#isOk || !this.order.stream) return;
    const monitor = new StreamMonitor(this.upstream.protocol);
    const passage = new Passage('events', this.order.keepBytes, this.order.holdings);
    this.#monitor = monitor;
    this.passage = passage;
    this.#decoder = createStreamDecoder(this.upstream.protocol, (payload) => {
      if (monitor.ended) return;
      monitor.push(payload);
      passage.push(payload);
    });
  }

  onData(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#decoder !== null && this.#monitor !== null && this.passage !== null)
      return this.#stream(this.#decoder, this.#monitor, this.passage, chunk);
    if (this.#passing !== null && this.passage !== null)
      return this.#pass(this.#passing, this.passage, chunk);
    try {
      this.#held.push(chunk);
    } catch (thrown) {
      this.#broken(toSwitchgearError(thrown));
    }
    if (this.#isOk) return this.#held.size <= LARGE_BYTES || this.#goOnAsBytes();
    if (this.#held.size > MAX_ERROR_BYTES) {
      this.call?.abort();
      this.onEnd();
    }
    return true;
  }

  /** From here on a whole answer is handed on as it comes, where its form lets it. */
  #goOnAsBytes(): boolean {
    const { openBytes, holdings } = this.order;
    if (openBytes === null || this.#over) return true;
    const passing = openBytes();
    const passage = new Passage('bytes', 0, holdings);
    this.#passing = passing;
    this.passage = passage;
    let goesOn = true;
    for (const chunk of this.#held.takeChunks())
      if (!this.#over) goesOn = this.#pass(passing, passage, chunk);
    return goesOn;
  }

  #pass(passing: AnswerBytes, passage: Passage, chunk: Buffer): boolean {
    try {
      for (const piece of passing.push(chunk)) passage.push(piece);
    } catch (thrown) {
      this.#deliver();
      this.#broken(toSwitchgearError(thrown));
      return true;
    }
    return this.#handOn(passage);
  }

  /** @returns whether the upstream is to send more */
  #handOn(passage: Passage): boolean {
    this.#deliver();
    if (this.#over) return true;
    this.#trim(passage);
    return this.#over || passage.wantsMore(this.waiters);
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
      if (this.passage !== null) this.#endStream(this.#monitor, this.passage);
    } else if (this.#passing !== null) this.#endBytes(this.#passing);
    else if (this.#isOk) this.#whole();
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
      isGone: false,
      isBlameless: error.blameless === true,
    });
  }

  #stream(decoder: StreamDecoder, monitor: StreamMonitor, passage: Passage, chunk: Buffer): boolean {
    const arrivedAt = performance.now();
    try {
      decoder.push(chunk);
    } catch (thrown) {
      this.#deliver();
      if (!this.#over) this.#broken(toSwitchgearError(thrown));
      return true;
    }
    if (this.#trace !== null && passage.end > 0) this.#trace.readyAt ??= arrivedAt;
    if (monitor.ended) {
      this.#endStream(monitor, passage);
      // The clients have it all; what the upstream still sends must not wait for them to read.
      return true;
    }
    return this.#handOn(passage);
  }

  #deliver(): void {
    this.#tell((waiter) => waiter.progress(this));
  }

  /** Gives up what nobody needs, and readers that others would have to wait for. */
  #trim(passage: Passage): void {
    if (passage.isKept) return;
    this.#closeToOthers();
    for (const waiter of this.waiters) if (!waiter.takes(passage.form)) this.#letGo(waiter);
    for (let behind = passage.trim(this.waiters); behind !== null; behind = passage.trim(this.waiters))
      for (const waiter of this.waiters) if (waiter === behind) this.#letGo(waiter);
  }

  #letGo(waiter: Waiter): void {
    this.waiters.delete(waiter);
    if (this.waiters.size === 0) this.#cancel();
    waiter.failed({ kind: 'let_go' }, this);
  }

  #endStream(monitor: StreamMonitor, { pieces }: Passage): void {
    this.usage = monitor.usage;
    this.#succeed({ form: 'stream', payloads: pieces.map(String) });
    this.call?.resume();
  }

  #endBytes(passing: AnswerBytes): void {
    try {
      this.usage = passing.finish();
      this.#succeed(null);
    } catch (thrown) {
      this.#broken(toSwitchgearError(thrown));
    }
  }

  /** What is too large to be parsed here is read elsewhere, while all wait. */
  #wholeLarge(): void {
    this.#closeToOthers();
    if (this.#trace !== null) this.#trace.readyAt = performance.now();
    this.durationMs = this.call === null ? 0 : performance.now() - this.call.startedAt;
    const source: Source = { from: 'bytes', chunks: this.#held.ownChunks() };
    readByEach(
      [...this.waiters],
      source,
      (waiter, own) => waiter.completeLarge(this, own),
      (waiter, error) => {
        if (!this.#over && this.waiters.delete(waiter)) waiter.failed(failedBy(error), this);
      },
    ).then(
      ({ usage, isRead }) => {
        if (this.#over) return;
        this.usage = usage;
        this.waiters.clear();
        this.#end();
        if (isRead) this.#settle({ kind: 'success', loadMs: usage?.loadMs ?? 0 }, 'ok');
        else this.#settle({ kind: 'neutral' }, 'internal');
      },
      (thrown: unknown) => this.#broken(toSwitchgearError(thrown)),
    );
  }

  #whole(): void {
    if (this.#held.size > LARGE_BYTES) {
      this.#wholeLarge();
      return;
    }
    this.bytes = this.#held.take();
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
  #succeed(recorded: Recorded | null): void {
    this.recorded = recorded;
    this.durationMs = this.call === null ? 0 : performance.now() - this.call.startedAt;
    for (const waiter of [...this.waiters]) {
      try {
        if (!waiter.complete(this)) this.#late.add(waiter);
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
    if (this.#late.size === 0) this.passage?.release();
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
      text: this.#held.take().toString('utf8'),
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
    const wasShown = this.passage !== null && this.passage.end > 0;
    const failure = error.code === 'upstream_error' ? 'stream_error' : wasShown ? 'cut' : 'invalid_response';
    if (isOurs(error)) this.#settle({ kind: 'neutral' }, error.code);
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

  #failGone(): void {
    this.#fail({ kind: 'failed', error: this.order.upstream.gone, isGone: true, isBlameless: true });
  }

  #fail(end: FlightEnd): void {
    this.#end();
    for (const waiter of this.#take()) waiter.failed(end, this);
    if (this.#late.size === 0) this.passage?.release();
  }

  #take(): Waiter[] {
    const all = [...this.waiters];
    this.waiters.clear();
    return all;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#held.release();
    this.#turn?.cancel();
    if (this.call === null) this.#leaveGroup();
    this.#closeToOthers();
  }

  #closeToOthers(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
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
