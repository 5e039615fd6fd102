/** Cuts the bytes of a stream into events, wherever its chunks end: server-sent events and NDJSON. */
import { SwitchgearError } from '#lib/errors.ts';
import { Lines } from '#lib/protocols/lines.ts';
import type { Protocol } from '#lib/protocols/types.ts';

export interface StreamDecoder {
  /** @throws SwitchgearError `upstream_invalid` for an event beyond the limit; whatever `onPayload` throws. */
  push(chunk: Buffer): void;
  /** The stream has ended: hands on what its last event lacks only its end of line. */
  end(): void;
}

export const STREAM_CONTENT_TYPE: Record<Protocol, string> = {
  openai: 'text/event-stream; charset=utf-8',
  ollama: 'application/x-ndjson',
};

/** One event may carry an image or a large tool call, but not the memory of the process. */
export const MAX_EVENT_CHARS = 16 * 1024 * 1024;

/** `onPayload` receives the data of each SSE event, or each NDJSON line; comments and blank lines never. */
export function createStreamDecoder(protocol: Protocol, onPayload: (payload: string) => void): StreamDecoder {
  return protocol === 'openai' ? new SseDecoder(onPayload) : new NdjsonDecoder(onPayload);
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
class SseDecoder implements StreamDecoder {
  readonly #lines = new Lines((line) => this.#line(line));
  readonly #onPayload: (payload: string) => void;
  /** Null while the event has no data. */
  #data: string | null = null;

  constructor(onPayload: (payload: string) => void) {
    this.#onPayload = onPayload;
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
    if (this.#lines.pendingChars + (this.#data?.length ?? 0) > MAX_EVENT_CHARS) throw tooLarge();
  }

  end(): void {
    this.#lines.end();
    this.#dispatch();
  }

  #line(line: string): void {
    if (line === '') this.#dispatch();
    else if (line.startsWith('data:')) {
      const value = line.slice(line.charCodeAt(5) === SPACE ? 6 : 5);
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    } else if (line === 'data') this.#data = this.#data === null ? '' : `${this.#data}\n`;
  }

  #dispatch(): void {
    const data = this.#data;
    this.#data = null;
    if (data !== null && data !== '') this.#onPayload(data);
  }
}

class NdjsonDecoder implements StreamDecoder {
  readonly #lines: Lines;

  constructor(onPayload: (payload: string) => void) {
    this.#lines = new Lines((line) => {
      if (line.trim() !== '') onPayload(line);
    });
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
    if (this.#lines.pendingChars > MAX_EVENT_CHARS) throw tooLarge();
  }

  end(): void {
    this.#lines.end();
  }
}

const SPACE = 32;

function tooLarge(): SwitchgearError {
  return new SwitchgearError(
    'upstream_invalid',
    `An event of the stream is larger than ${MAX_EVENT_CHARS} characters`,
  );
}
