/**
 * One HTTP call to an upstream over its connection pool, with the four budgets of its configuration. undici's
 * `dispatch` is used directly: of Node's HTTP clients it costs least.
 */
import { performance } from 'node:perf_hooks';
import type { Readable, Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { FailureKind } from '#lib/breaker/types.ts';
import type { Timeouts } from '#lib/contracts/config.ts';
import { type CallError, codeOf, describe } from '#lib/upstream/call-error.ts';
import { AT_ONCE_MS, isLoss, mayRepeat } from '#lib/upstream/repeat.ts';

export type ResponseHeaders = Record<string, string | string[] | undefined>;

export interface CallRequest {
  method: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'PUT';
  path: string;
  /** Flat: name, value, name, value. */
  headers: string[];
  body: Uint8Array | string | Readable | null;
}

/** A connection pool, as far as a call needs it. */
export interface Dispatching {
  dispatch(options: Dispatcher.DispatchOptions, handler: CallHandler): unknown;
}

/** The connections to an upstream. */
export interface CallLine extends Dispatching {
  /** Over a new connection that serves nothing else, past all that makes failures up. */
  dispatchAnew(options: Dispatcher.DispatchOptions, handler: CallHandler): void;
  /** A kept connection was found lost when it was used after so many idle ms. */
  lostAfter(idleMs: number): void;
  /** Calls are told of, so that nothing is closed under them. */
  begin(): void;
  end(): void;
}

/** The place of a kept connection. */
export interface Kept {
  /** A call is written to it. @returns ms for which it had been idle; null when the connection is new */
  wrote(nowMs: number): number | null;
  /** A call's answer has ended there. */
  rested(nowMs: number): void;
}

export interface CallHandler extends Dispatcher.DispatchHandler {
  /** Told, before the request starts, where a kept connection will carry it. */
  onPlace?(place: Kept): void;
}

/** Receives a call's answer. After `onEnd` or `onError` nothing more is called, and after `abort` nothing at all. */
export interface CallSink {
  /** `decoded` is true when the body arrives decompressed, so that its length and encoding headers no longer hold. */
  onHead(status: number, headers: ResponseHeaders, decoded: boolean): void;
  /** Answers false to pause the upstream until `resume()`. */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  onError(error: CallError): void;
}

const DECODERS: Record<string, () => Transform> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

const ABORTED = new Error('aborted by Switchgear');

export class UpstreamCall implements CallHandler {
  /** Monotonic milliseconds at which the request was handed over, and at which the answer's first byte came. */
  readonly startedAt = performance.now();
  firstByteAt: number | null = null;
  /** True once the head of the answer has come. */
  answered = false;

  readonly #line: CallLine;
  readonly #request: CallRequest;
  readonly #sink: CallSink;
  readonly #timeouts: Timeouts;
  #controller: Dispatcher.DispatchController | null = null;
  #decoder: Transform | null = null;
  #silenceTimer: NodeJS.Timeout | null = null;
  readonly #totalTimer: NodeJS.Timeout;
  #place: Kept | null = null;
  /** Of its connection, before it was written; null on a new one. */
  #idleMs: number | null = null;
  #isLate = false;
  /** True once a byte of an answer has come. */
  #heard = false;
  #isRepeat = false;
  #paused = false;
  #over = false;

  constructor(line: CallLine, request: CallRequest, timeouts: Timeouts, sink: CallSink) {
    this.#line = line;
    this.#request = request;
    this.#sink = sink;
    this.#timeouts = timeouts;
    this.#totalTimer = setTimeout(() => this.#timeOut('total_timeout', timeouts.total_ms), timeouts.total_ms);
    line.begin();
    // Not at once: undici reports some errors before `dispatch` returns, when the sink does not yet know this call.
    queueMicrotask(() => {
      if (!this.#over) line.dispatch(this.#options(), this);
    });
  }

  /**
   * Ends the call at once; its connection is closed, since the rest of the answer is still on its way. Answers false
   * when it was over already.
   */
  abort(): boolean {
    if (this.#over) return false;
    this.#close();
    this.#controller?.abort(ABORTED);
    return true;
  }

  /** Lets a paused upstream go on. */
  resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    this.#silenceTimer?.refresh();
    if (this.#decoder === null) this.#controller?.resume();
    else this.#decoder.resume();
  }

  onPlace(place: Kept): void {
    this.#place = place;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) {
      controller.abort(ABORTED);
      return;
    }
    const limit = this.#timeouts.first_byte_ms;
    const atOnce = Math.min(AT_ONCE_MS, limit);
    this.#silenceTimer = setTimeout(() => {
      // After what has come meanwhile: a busy process must not take its own delay for the upstream's.
      setImmediate(() => {
        this.#isLate = true;
      });
      this.#silenceTimer = setTimeout(() => this.#timeOut('first_byte_timeout', limit), limit - atOnce);
    }, atOnce);
  }

  onRequestSent(): void {
    this.#idleMs = this.#place?.wrote(performance.now()) ?? null;
  }

  onResponseStarted(): void {
    this.#heard = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    // 102 and 103 only announce what is to come.
    if (this.#over || status < 200) return;
    this.answered = true;
    const encoding = String(headers['content-encoding'] ?? 'identity')
      .trim()
      .toLowerCase();
    const createDecoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
    if (encoding !== 'identity' && createDecoder === undefined) {
      this.#fail({ failure: 'invalid_response', message: 'the answer has an unknown content-encoding' });
      controller.abort(ABORTED);
      return;
    }
    if (createDecoder !== undefined) this.#decode(createDecoder(), controller);
    this.#sink.onHead(status, headers, createDecoder !== undefined);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.firstByteAt === null) this.#firstByte();
    else this.#silenceTimer?.refresh();
    if (this.#decoder !== null) {
      if (!this.#decoder.write(chunk)) controller.pause();
    } else if (!this.#sink.onData(chunk) && !this.#over) {
      this.#paused = true;
      controller.pause();
    }
  }

  onResponseEnd(): void {
    this.#place?.rested(performance.now());
    if (this.#over) return;
    if (this.#decoder !== null) {
      this.#decoder.end();
      return;
    }
    this.#close();
    this.#sink.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over || this.#repeats(codeOf(error))) return;
    this.#fail(describe(error, this.#controller !== null, this.answered));
  }

  /** Sends it once more when its connection is all that failed. */
  #repeats(code: string): boolean {
    if (!isLoss(code) || this.#heard || this.#isRepeat || this.#controller === null) return false;
    const idleMs = this.#idleMs;
    const isAtOnce = !this.#isLate;
    if (idleMs !== null && isAtOnce) this.#line.lostAfter(idleMs);
    if (!mayRepeat(this.#request, { wasKept: idleMs !== null, isAtOnce })) return false;
    if (this.#silenceTimer !== null) clearTimeout(this.#silenceTimer);
    this.#isRepeat = true;
    this.#controller = null;
    this.#place = null;
    this.#line.dispatchAnew(this.#options(), this);
    return true;
  }

  /** The budgets are kept here: undici's own have a resolution of half a second. */
  #options(): Dispatcher.DispatchOptions {
    return { ...this.#request, headersTimeout: 0, bodyTimeout: 0 };
  }

  #firstByte(): void {
    this.firstByteAt = performance.now();
    if (this.#silenceTimer !== null) clearTimeout(this.#silenceTimer);
    const limit = this.#timeouts.idle_ms;
    this.#silenceTimer = setTimeout(() => this.#timeOut('idle_timeout', limit), limit);
  }

  #decode(decoder: Transform, controller: Dispatcher.DispatchController): void {
    this.#decoder = decoder;
    decoder.on('data', (chunk: Buffer) => {
      if (this.#over || this.#sink.onData(chunk) || this.#over) return;
      this.#paused = true;
      decoder.pause();
    });
    decoder.on('drain', () => controller.resume());
    decoder.on('end', () => {
      if (this.#over) return;
      this.#close();
      this.#sink.onEnd();
    });
    decoder.on('error', () => {
      this.#fail({ failure: 'invalid_response', message: 'the answer could not be decompressed' });
      controller.abort(ABORTED);
    });
  }

  #timeOut(failure: FailureKind, limitMs: number): void {
    // A client that reads slowly pauses the upstream; that silence is not the upstream's.
    if (this.#paused && failure === 'idle_timeout') {
      this.#silenceTimer?.refresh();
      return;
    }
    const controller = this.#controller;
    const message = `${TIMEOUT_TEXT[failure] ?? failure} within ${limitMs} ms`;
    this.#fail({ failure, message, blameless: this.#paused });
    controller?.abort(ABORTED);
  }

  #fail(error: CallError): void {
    if (this.#over) return;
    this.#close();
    this.#sink.onError(error);
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#totalTimer);
    if (this.#silenceTimer !== null) clearTimeout(this.#silenceTimer);
    this.#decoder?.destroy();
    this.#line.end();
  }
}

const TIMEOUT_TEXT: Partial<Record<FailureKind, string>> = {
  first_byte_timeout: 'no first byte',
  idle_timeout: 'no further chunk',
  total_timeout: 'no complete answer',
};
