/** One client's answer: written once, streamed or whole, with the headers that we add to every answer. */
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { SwitchgearError } from '#lib/errors.ts';
import { sendError, sendJson } from '#lib/gateway/reply.ts';
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

export class Delivery {
  readonly res: ServerResponse;
  readonly surface: Protocol;
  readonly trace: RequestTrace;
  /** True once a byte of the answer has gone out. */
  isCommitted = false;

  constructor(res: ServerResponse, surface: Protocol, trace: RequestTrace) {
    this.res = res;
    this.surface = surface;
    this.trace = trace;
  }

  /** Answers false when the client reads more slowly than we write. */
  write(text: string, origin: () => Origin): boolean {
    if (text === '') return !this.res.writableNeedDrain;
    if (!this.isCommitted) this.#commit(origin());
    return this.res.write(text);
  }

  /** Ends a stream; `text` is its last part. */
  end(text: string, origin: () => Origin): void {
    if (!this.isCommitted) this.#commit(origin());
    this.res.end(text);
  }

  whole(body: string | Buffer, origin: Origin): void {
    this.trace.answeredAt = performance.now();
    sendJson(this.res, 200, body, this.#headers(origin));
  }

  /** A whole stream that was rendered before. */
  rendered(body: string, origin: Origin): void {
    this.trace.answeredAt = performance.now();
    const headers = this.#headers(origin);
    headers.push(...STREAM_HEADERS[this.surface], 'content-length', String(Buffer.byteLength(body)));
    this.res.writeHead(200, headers);
    this.res.end(body);
  }

  /** An upstream's own error. */
  rejection(status: number, body: string, origin: Origin): void {
    sendJson(this.res, status, body, this.#headers(origin));
  }

  error(error: SwitchgearError, origin: Origin): void {
    if (this.isCommitted) this.res.end(errorEvent(this.surface, error));
    else sendError(this.res, this.surface, error, this.#headers(origin));
  }

  #commit(origin: Origin): void {
    this.isCommitted = true;
    const headers = this.#headers(origin);
    headers.push(...STREAM_HEADERS[this.surface]);
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
