/** One answer on its way to the client. A cut answer starts as it should and loses its connection on the way. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { unlessAborted } from '#lib/lab/clock.ts';

export class Reply {
  readonly signal: AbortSignal;
  readonly #res: ServerResponse;
  readonly #cut: boolean;
  #chunks = 0;

  /** @param signal aborts when the client leaves */
  constructor(res: ServerResponse, signal: AbortSignal, cut: boolean) {
    this.#res = res;
    this.signal = signal;
    this.#cut = cut;
  }

  get started(): boolean {
    return this.#res.headersSent;
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.bytes(status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(body)), headers);
  }

  bytes(status: number, type: string, body: Buffer, headers: Record<string, string> = {}): void {
    this.#res.writeHead(status, { ...headers, 'content-type': type, 'content-length': body.length });
    if (this.#cut && status < 400) this.#cutAfter(body.subarray(0, Math.ceil(body.length / 2)));
    else this.#res.end(body);
  }

  startStream(type: string): void {
    this.#res.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  }

  /** Waits for a client that reads slowly. @throws the signal's reason when it leaves or the answer was cut */
  async write(chunk: string): Promise<void> {
    this.signal.throwIfAborted();
    this.#chunks += 1;
    if (this.#cut && this.#chunks > 1) {
      const bytes = Buffer.from(chunk);
      this.#cutAfter(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      await unlessAborted(new Promise<never>(() => {}), this.signal);
    }
    if (!this.#res.write(chunk)) await unlessAborted(once(this.#res, 'drain'), this.signal);
  }

  end(): void {
    if (this.#cut) this.#res.destroy();
    else this.#res.end();
  }

  /** For an answer that failed after it began: the client must not take it for a whole one. */
  abort(): void {
    this.#res.destroy();
  }

  #cutAfter(part: Buffer): void {
    this.#res.write(part, () => this.#res.destroy());
  }
}
