/** Cuts the bytes of a stream into events, wherever its chunks end: server-sent events and NDJSON. */
import { createParser } from 'eventsource-parser';
import { SwitchgearError } from '#lib/errors.ts';
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

class SseDecoder implements StreamDecoder {
  readonly #text = new TextDecoder();
  readonly #parser;
  #tooLarge = false;

  constructor(onPayload: (payload: string) => void) {
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_CHARS,
      onEvent: (event) => onPayload(event.data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#tooLarge = true;
      },
    });
  }

  push(chunk: Buffer): void {
    this.#feed(this.#text.decode(chunk, { stream: true }));
  }

  end(): void {
    // Two ends of line: of the last line, and of the event.
    this.#feed(`${this.#text.decode()}\n\n`);
  }

  #feed(text: string): void {
    if (text !== '') this.#parser.feed(text);
    if (this.#tooLarge) throw tooLarge();
  }
}

class NdjsonDecoder implements StreamDecoder {
  readonly #text = new TextDecoder();
  readonly #onPayload: (payload: string) => void;
  #rest = '';

  constructor(onPayload: (payload: string) => void) {
    this.#onPayload = onPayload;
  }

  push(chunk: Buffer): void {
    this.#feed(this.#text.decode(chunk, { stream: true }));
  }

  end(): void {
    this.#feed(`${this.#text.decode()}\n`);
  }

  #feed(text: string): void {
    let start = 0;
    for (let at = nextEnd(text, 0); at !== -1; at = nextEnd(text, start)) {
      const line = this.#rest + text.slice(start, at);
      this.#rest = '';
      start = at + 1;
      if (line.trim() !== '') this.#onPayload(line);
    }
    this.#rest += text.slice(start);
    if (this.#rest.length > MAX_EVENT_CHARS) throw tooLarge();
  }
}

/** Index of the next LF or CR; JSON escapes both inside strings. */
function nextEnd(text: string, from: number): number {
  const lf = text.indexOf('\n', from);
  const cr = text.indexOf('\r', from);
  if (lf === -1 || cr === -1) return Math.max(lf, cr);
  return Math.min(lf, cr);
}

function tooLarge(): SwitchgearError {
  return new SwitchgearError(
    'upstream_invalid',
    `An event of the stream is larger than ${MAX_EVENT_CHARS} characters`,
  );
}
