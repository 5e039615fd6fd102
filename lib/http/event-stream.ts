/** One open stream of server-sent events: its head, its heartbeat, and its end, whoever ends it. */
import type { ServerResponse } from 'node:http';

/** Shorter than the idle time of common proxies (60 s). */
const HEARTBEAT_MS = 15_000;
/** A browser that has lost the stream comes back after so long. */
const RETRY_MS = 2_000;
/** One that has not read for so long is gone, or as good as gone. */
const STALLED_MS = 30_000;

export class EventStream {
  readonly #res: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #onClose: () => void;
  #stalled: NodeJS.Timeout | null = null;
  #open = true;

  /** @param onClose called once, when the stream has ended for whatever reason */
  constructor(res: ServerResponse, onClose: () => void) {
    this.#res = res;
    this.#onClose = onClose;
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#heartbeat = setInterval(() => this.write(':\n\n'), HEARTBEAT_MS);
    this.#heartbeat.unref();
    res.once('close', () => this.#end());
    res.on('error', () => this.#end());
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  /** False while what was written before waits for a slow reader. */
  get isReady(): boolean {
    return this.#open && !this.#res.writableNeedDrain;
  }

  write(frame: string | Buffer): void {
    if (!this.#open || this.#res.write(frame) || this.#stalled !== null) return;
    this.#stalled = setTimeout(() => this.destroy(), STALLED_MS);
    this.#stalled.unref();
    this.#res.once('drain', () => this.#clearStalled());
  }

  /** Calls once when the reader has caught up. */
  onceReady(run: () => void): void {
    this.#res.once('drain', run);
  }

  /** Ends it in order: the reader gets what was written. */
  end(): void {
    this.#res.end();
    this.#end();
  }

  destroy(): void {
    this.#res.destroy();
    this.#end();
  }

  #clearStalled(): void {
    if (this.#stalled !== null) clearTimeout(this.#stalled);
    this.#stalled = null;
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#heartbeat);
    this.#clearStalled();
    this.#onClose();
  }
}
