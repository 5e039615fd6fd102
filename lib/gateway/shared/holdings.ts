/**
 * What the process holds of answers that their clients have not taken yet, all together, within one bound. Bytes that
 * several wait for count once.
 */
export interface HoldingsParts {
  readonly limitBytes: () => number;
  /** What an upstream may be ahead of its clients. */
  readonly leadBytes?: number;
  /** Told when more is held than may be: `excessBytes` are to be given up by those who keep them longest. */
  readonly onFull: (excessBytes: number) => void;
}

/** More than nearly all answers have, so that their upstream is done with them however slow the client is. */
const LEAD_BYTES = 8 * 1024 * 1024;
/** Where there is no more room: enough to keep a connection busy. */
const LEAST_LEAD_BYTES = 64 * 1024;

export class Holdings {
  readonly #parts: HoldingsParts;
  readonly #holders = new Map<Buffer, number>();
  #bytes = 0;

  constructor(parts: HoldingsParts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#parts.limitBytes();
  }

  /** What an upstream may be ahead of its clients now. */
  get leadBytes(): number {
    const { leadBytes = LEAD_BYTES } = this.#parts;
    return this.isFull ? Math.min(LEAST_LEAD_BYTES, leadBytes) : leadBytes;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    const excess = this.#bytes - this.#parts.limitBytes();
    if (excess > 0) this.#parts.onFull(excess);
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** One more client is written these bytes. */
  share(body: Buffer): void {
    const holders = this.#holders.get(body) ?? 0;
    this.#holders.set(body, holders + 1);
    if (holders === 0) this.take(body.length);
  }

  unshare(body: Buffer): void {
    const holders = this.#holders.get(body) ?? 0;
    if (holders > 1) this.#holders.set(body, holders - 1);
    else if (this.#holders.delete(body)) this.give(body.length);
  }
}
