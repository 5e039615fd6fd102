/**
 * One client's answer: written once, streamed or whole, with the headers that we add to every answer, at the pace at
 * which the client takes it. What it has not taken is never written to its socket in more than small parts, so a whole
 * answer is one buffer however many clients wait for it.
 */
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { SwitchgearError } from '#lib/errors.ts';
import type { SlowReader, SlowReaders } from '#lib/gateway/client/slow-readers.ts';
import { sendError, sendJson } from '#lib/gateway/reply.ts';
import type { Holdings } from '#lib/gateway/shared/holdings.ts';
import { STREAM_CONTENT_TYPE } from '#lib/protocols/decoder.ts';
import { errorEvent } from '#lib/protocols/errors.ts';
import type { Protocol } from '#lib/protocols/types.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';
import type { UpstreamCall } from '#lib/upstream/call.ts';

export type CacheStatus = 'hit' | 'miss' | 'stale' | 'bypass' | 'coalesced';

/** What an answer says of itself. */
export interface Origin {
  readonly cache: CacheStatus;
  readonly upstream: string | null;
  /** The call that was answered. */
  readonly call?: UpstreamCall | null;
  /** Seconds, of what was kept. */
  readonly age?: number;
  /** Items of the upstream call, when several requests shared it. */
  readonly batchSize?: number | null;
  /** Flat, the upstream's own. */
  readonly headers?: readonly string[];
}

/** Up to here a body is text that leaves in one write with its headers; above, bytes that clients share. */
export const MAX_TEXT_CHARS = 64 * 1024;
/** What is written of a large body at a time. */
const PART_BYTES = 64 * 1024;

/** What all deliveries have in common. */
export interface Outlets {
  readonly slow: SlowReaders;
  readonly holdings: Holdings;
}

/** Large bodies as bytes, once, for all who are written them. */
export function shareable(body: string): string | Buffer {
  return body.length > MAX_TEXT_CHARS ? Buffer.from(body) : body;
}

export class Delivery implements SlowReader {
  readonly res: ServerResponse;
  readonly surface: Protocol;
  readonly trace: RequestTrace;
  /** True once a byte of the answer has gone out. */
  isCommitted = false;
  /** Whether it is JSON that is on its way in parts. */
  #isWhole = false;
  readonly #outlets: Outlets;
  /** A large body that is being written. */
  #body: Buffer | null = null;
  #isWatched = false;
  /** What is held besides, because this client is behind. */
  #behindBytes = () => 0;

  constructor(res: ServerResponse, surface: Protocol, trace: RequestTrace, outlets: Outlets) {
    this.res = res;
    this.surface = surface;
    this.trace = trace;
    this.#outlets = outlets;
  }

  get heldBytes(): number {
    return this.#body?.length ?? this.res.writableLength + this.#behindBytes();
  }

  letGo(): void {
    this.res.destroy();
  }

  /** Answers false when the client reads more slowly than we write. */
  write(part: string | Buffer, origin: () => Origin): boolean {
    if (part.length === 0) return !this.res.writableNeedDrain;
    if (!this.isCommitted) this.#commit(origin(), typeof part !== 'string');
    return this.res.write(part);
  }

  /** Runs `next` once the client has taken what was written; one that never takes it is let go. */
  onceTaken(next: () => void, behindBytes: () => number = () => 0): void {
    const { slow } = this.#outlets;
    this.#behindBytes = behindBytes;
    this.#watch();
    slow.add(this);
    this.res.once('drain', () => {
      slow.remove(this);
      next();
    });
  }

  /** Ends what is written in parts; `part` is the last. */
  end(part: string | Buffer, origin: () => Origin): void {
    if (!this.isCommitted) this.#commit(origin(), typeof part !== 'string');
    this.res.end(part);
    this.#watchTheRest();
  }

  whole(body: string | Buffer, origin: Origin): void {
    this.#send(200, JSON_HEADERS, body, origin);
  }

  /** A whole stream that was rendered before. */
  rendered(body: string | Buffer, origin: Origin): void {
    this.#send(200, STREAM_HEADERS[this.surface], body, origin);
  }

  /** An upstream's own error. */
  rejection(status: number, body: string, origin: Origin): void {
    sendJson(this.res, status, body, this.#headers(origin));
    this.#watchTheRest();
  }

  error(error: SwitchgearError, origin: Origin): void {
    if (this.#isWhole) this.res.destroy();
    else if (this.isCommitted) this.res.end(errorEvent(this.surface, error));
    else sendError(this.res, this.surface, error, this.#headers(origin));
    this.#watchTheRest();
  }

  #send(status: number, form: readonly string[], body: string | Buffer, origin: Origin): void {
    const { res, trace } = this;
    if (res.headersSent || res.destroyed) return;
    trace.answeredAt = performance.now();
    const headers = this.#headers(origin);
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    headers.push(...form, 'content-length', String(length));
    res.writeHead(status, headers);
    if (length <= MAX_TEXT_CHARS) {
      res.end(body);
      this.#watchTheRest();
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    this.#body = bytes;
    this.#outlets.holdings.share(bytes);
    this.#watch();
    this.#pour(bytes, 0);
  }

  #pour(bytes: Buffer, from: number): void {
    for (let at = from; ; at += PART_BYTES) {
      const part = bytes.subarray(at, at + PART_BYTES);
      if (at + PART_BYTES >= bytes.length) {
        this.res.end(part);
        this.#watchTheRest();
        return;
      }
      if (this.res.write(part)) continue;
      this.onceTaken(() => this.#pour(bytes, at + PART_BYTES));
      return;
    }
  }

  #watchTheRest(): void {
    if ((this.res.socket?.writableLength ?? 0) === 0) return;
    this.#watch();
    this.#outlets.slow.add(this);
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.res.once('close', () => {
      this.#outlets.slow.remove(this);
      if (this.#body !== null) this.#outlets.holdings.unshare(this.#body);
      this.#body = null;
    });
  }

  #commit(origin: Origin, isWhole: boolean): void {
    this.isCommitted = true;
    this.#isWhole = isWhole;
    const headers = this.#headers(origin);
    headers.push(...(isWhole ? JSON_HEADERS : STREAM_HEADERS[this.surface]));
    this.res.writeHead(200, headers);
    this.trace.answeredAt = performance.now();
  }

  #headers({ cache, upstream, call = null, age, batchSize, headers: upstreams = [] }: Origin): string[] {
    const { trace } = this;
    const { startedAt, lookedUpAt } = trace;
    let timing = '';
    if (lookedUpAt !== null) timing = `cache;dur=${(lookedUpAt - (trace.readAt ?? startedAt)).toFixed(2)}, `;
    if (call !== null) {
      timing += `queue;dur=${trace.queueMs.toFixed(2)}, `;
      if (call.firstByteAt !== null)
        timing += `upstream;dur=${(call.firstByteAt - call.startedAt).toFixed(2)}, `;
    }
    timing += `total;dur=${(performance.now() - startedAt).toFixed(2)}`;
    const headers = [...upstreams, 'x-request-id', trace.id, 'x-cache', cache, 'server-timing', timing];
    if (upstream !== null) headers.push('x-switchgear-upstream', upstream);
    if (age !== undefined) headers.push('age', String(age));
    if (batchSize != null) headers.push('x-switchgear-batch-size', String(batchSize));
    return headers;
  }
}

const JSON_HEADERS: readonly string[] = ['content-type', 'application/json'];

const streamHeaders = (surface: Protocol): readonly string[] => [
  'content-type',
  STREAM_CONTENT_TYPE[surface],
  'cache-control',
  'no-cache, no-transform',
  'x-accel-buffering',
  'no',
];
const STREAM_HEADERS: Record<Protocol, readonly string[]> = {
  openai: streamHeaders('openai'),
  ollama: streamHeaders('ollama'),
};
