/** An answer that is not streamed, held until it is complete, within the bound of the process. */
import { SwitchgearError } from '#lib/errors.ts';
import type { Holdings } from '#lib/gateway/shared/holdings.ts';

/** Embeddings of 2,048 items with 3,072 floats are some 130 MB. */
const MAX_BYTES = 256 * 1024 * 1024;
/** No error has more to say; what comes after it is not read. */
export const MAX_ERROR_BYTES = 1024 * 1024;
/** Answers up to here come in even while the process holds all that it may. */
const SPARED_BYTES = 256 * 1024;
const RETRY_AFTER_MS = 1_000;

const NOTHING = Buffer.alloc(0);

/** In memory that nothing else lies in. */
export type OwnBytes = Uint8Array<ArrayBuffer>;

export class WholeBytes {
  size = 0;
  readonly #holdings: Holdings;
  readonly #ownFrom: number;
  #chunks: Buffer[] = [];

  /** @param ownFrom bytes from which on each chunk is given memory of its own, one by one as they come */
  constructor(holdings: Holdings, ownFrom: number) {
    this.#holdings = holdings;
    this.#ownFrom = ownFrom;
  }

  /** @throws SwitchgearError `upstream_invalid` beyond what any answer has, `overloaded` when there is no room for it */
  push(chunk: Buffer): void {
    this.size += chunk.length;
    this.#chunks.push(this.size > this.#ownFrom ? Buffer.from(owned(chunk).buffer) : chunk);
    this.#holdings.take(chunk.length);
    if (this.size > MAX_BYTES)
      throw new SwitchgearError('upstream_invalid', `The answer is larger than ${MAX_BYTES} bytes`);
    if (this.size > SPARED_BYTES && this.#holdings.isFull)
      throw new SwitchgearError(
        'overloaded',
        'Switchgear holds as many answers as limits.held_mb allows; try again',
        { retryAfterMs: RETRY_AFTER_MS },
      );
  }

  /** All of it. It is not held any more. */
  take(): Buffer {
    const [only = NOTHING] = this.#chunks;
    const bytes = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : only;
    this.release();
    return bytes;
  }

  /** As `take`, in the chunks that came. */
  takeChunks(): readonly Buffer[] {
    const chunks = this.#chunks;
    this.release();
    return chunks;
  }

  /** The chunks in memory of their own, which can be handed to another thread. They count as held until `release`. */
  ownChunks(): readonly OwnBytes[] {
    return this.#chunks.map(owned);
  }

  release(): void {
    this.#holdings.give(this.size);
    this.size = 0;
    this.#chunks = [];
  }
}

function owned(chunk: Buffer): OwnBytes {
  const { buffer, byteLength } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer);
  return Uint8Array.from(chunk);
}
