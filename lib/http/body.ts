/**
 * Reads a request body whole, within a limit of its own and the budget of all. A body of one chunk is handed on as it
 * came. Others are copied together, so that a client that sends byte by byte leaves no millions of small buffers: while
 * small into a buffer that doubles, then into one that grows in place. The address space of that is reserved, its memory
 * taken as bytes arrive and given back the moment a body is dropped, where freed heap would wait for its neighbours.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SwitchgearError } from '#lib/errors.ts';
import { SLOW_BODY } from '#lib/http/body-pace.ts';
import type { RequestBodies } from '#lib/http/request-bodies.ts';

export interface BodyLimits {
  readonly bodies: RequestBodies;
  readonly maxBytes: number;
}

/** What a refused client is told to wait: bodies come and go within seconds. */
const RETRY_AFTER_MS = 1_000;
/** Smaller buffers are not worth growing. */
const LEAST_CAPACITY_BYTES = 16 * 1024;
/** From here a buffer grows in place, by so much. Smaller ones would take more mappings than a process may have. */
const STEP_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * The body's bytes, held against the budget until `res` closes.
 * @throws SwitchgearError `body_too_large` once the limit is passed and `overloaded` once the budget is (the rest is
 *   dropped as it comes), `request_timeout` when it comes too slowly, `client_closed` when the client leaves before its
 *   end.
 */
export function readBody(req: IncomingMessage, res: ServerResponse, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => collectBody(req, res, limits, resolve, reject));
}

/** As `readBody`, told at once, with no turn of the event loop in between. Neither may throw. */
export function collectBody(
  req: IncomingMessage,
  res: ServerResponse,
  limits: BodyLimits,
  done: (bytes: Buffer) => void,
  failed: (error: SwitchgearError) => void,
): void {
  const declared = Number(req.headers['content-length']);
  if (declared > limits.maxBytes) {
    failed(tooLarge(limits.maxBytes));
    return;
  }
  const body = new Body(res, limits, declared);
  let isOver = false;
  const fail = (error: SwitchgearError) => {
    isOver = true;
    body.drop();
    failed(error);
  };
  req.on('data', (chunk: Buffer) => {
    // What comes after a refusal is read and dropped, so that the client gets to see the answer.
    if (isOver) return;
    const refusal = body.add(chunk);
    if (refusal !== null) fail(refusal);
  });
  req.on('end', () => {
    if (isOver) return;
    isOver = true;
    done(body.take());
  });
  req.on('close', () => {
    if (!isOver && !req.complete)
      fail(new SwitchgearError('client_closed', 'The client left before its request was complete'));
  });
  req.on('timeout', () => {
    if (isOver) return;
    limits.bodies.refused.too_slow += 1;
    res.shouldKeepAlive = false;
    fail(SLOW_BODY);
  });
}

class Body {
  readonly #res: ServerResponse;
  readonly #limits: BodyLimits;
  /** Bytes, as the client says; NaN when it does not. */
  readonly #declared: number;
  #buffer: Buffer = NOTHING;
  /** What `#buffer` stands in once that is large. */
  #memory: ArrayBuffer | null = null;
  #size = 0;
  #heldBytes = 0;

  constructor(res: ServerResponse, limits: BodyLimits, declared: number) {
    this.#res = res;
    this.#limits = limits;
    this.#declared = declared;
  }

  /** Null, or why it may not grow. */
  add(chunk: Buffer): SwitchgearError | null {
    const { maxBytes } = this.#limits;
    const size = this.#size + chunk.length;
    if (size > maxBytes) return tooLarge(maxBytes);
    if (this.#size === 0) {
      if (size !== this.#declared && !this.#hold(size)) return this.#overloaded();
      this.#buffer = chunk;
    } else {
      if (size > this.#buffer.length && !this.#grow(size)) return this.#overloaded();
      chunk.copy(this.#buffer, this.#size);
    }
    this.#size = size;
    return null;
  }

  /** All that came; from here it is its taker's. */
  take(): Buffer {
    const bytes = this.#size === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#size);
    this.#buffer = NOTHING;
    this.#memory = null;
    return bytes;
  }

  drop(): void {
    this.#buffer = NOTHING;
    this.#memory?.resize(0);
    this.#memory = null;
    this.#release();
  }

  /** To the least capacity that holds `size`, never beyond what may come. */
  #grow(size: number): boolean {
    const most = Number.isNaN(this.#declared) ? this.#limits.maxBytes : this.#declared;
    const isSmall = size <= STEP_BYTES;
    const wanted = isSmall
      ? Math.max(2 * size, LEAST_CAPACITY_BYTES)
      : Math.ceil(size / STEP_BYTES) * STEP_BYTES;
    const capacity = Math.min(wanted, Math.floor(most));
    if (!this.#hold(capacity)) return false;
    try {
      this.#move(capacity, isSmall, Math.floor(most));
    } catch (thrown) {
      // No address space left, which is as good as no memory.
      if (thrown instanceof RangeError) return false;
      throw thrown;
    }
    return true;
  }

  #move(capacity: number, isSmall: boolean, most: number): void {
    const before = this.#buffer;
    if (isSmall) this.#buffer = Buffer.allocUnsafeSlow(capacity);
    else {
      if (this.#memory === null) this.#memory = new ArrayBuffer(capacity, { maxByteLength: most });
      else this.#memory.resize(capacity);
      this.#buffer = Buffer.from(this.#memory, 0, capacity);
    }
    // What grew in place is there already.
    if (before.buffer !== this.#memory) before.copy(this.#buffer, 0, 0, this.#size);
  }

  /** Holds so many bytes in all. */
  #hold(bytes: number): boolean {
    if (!this.#limits.bodies.tryHold(bytes - this.#heldBytes)) return false;
    if (this.#heldBytes === 0) this.#res.once('close', () => this.#release());
    this.#heldBytes = bytes;
    return true;
  }

  #release(): void {
    this.#limits.bodies.release(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #overloaded(): SwitchgearError {
    this.#limits.bodies.refused.overloaded += 1;
    return new SwitchgearError(
      'overloaded',
      `The request bodies in progress fill the memory that is set aside for them; this one (over ${this.#size} bytes) may come again later`,
      { retryAfterMs: RETRY_AFTER_MS },
    );
  }
}

function tooLarge(maxBytes: number): SwitchgearError {
  return new SwitchgearError('body_too_large', `The request body is larger than ${maxBytes} bytes`);
}
