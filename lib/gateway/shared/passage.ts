/**
 * What has come of an answer that is handed on as it comes, for all who read it, each at its own pace:
 *
 *   kept     from its first byte while it is within `keepBytes`, so that one who comes late is given all of it
 *   dropped  beyond that, what every reader has taken; never what one of them has not
 *   waited   the upstream is paused while more than the lead is held and every reader is behind: one that keeps up
 *            never waits for another
 *   let go   where one keeps up and more than the lead is held, the slowest, alone
 *
 * The same for one reader and for many, for what the cache keeps and for what it does not. The lead is what `Holdings`
 * says: less while the process holds all that it may.
 */
import type { Holdings } from '#lib/gateway/shared/holdings.ts';

/** Events of a stream as text, or parts of a whole answer as bytes. */
export type Form = 'events' | 'bytes';

export interface Reader {
  /** Pieces that it has taken, from the first one on. */
  readonly taken: number;
}

export class Passage {
  readonly form: Form;
  /** Those that are still held. */
  readonly pieces: (string | Buffer)[] = [];
  /** Pieces that came before the first of `pieces`. */
  dropped = 0;
  readonly #keepBytes: number;
  readonly #holdings: Holdings;
  #heldBytes = 0;
  #isKept: boolean;

  constructor(form: Form, keepBytes: number, holdings: Holdings) {
    this.form = form;
    this.#keepBytes = keepBytes;
    this.#holdings = holdings;
    this.#isKept = keepBytes > 0;
  }

  /** Whether all of it is still there. */
  get isKept(): boolean {
    return this.#isKept;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Pieces that have come. */
  get end(): number {
    return this.dropped + this.pieces.length;
  }

  push(piece: string | Buffer): void {
    this.pieces.push(piece);
    this.#heldBytes += piece.length;
    this.#holdings.take(piece.length);
    if (this.#isKept && (this.#heldBytes > this.#keepBytes || this.#holdings.isFull)) this.#isKept = false;
  }

  /** Drops what nobody needs any more. @returns the reader that is to be let go, or null */
  trim(readers: Iterable<Reader>): Reader | null {
    if (this.#isKept) return null;
    let slowest: Reader | null = null;
    let fastest = -1;
    for (const reader of readers) {
      if (slowest === null || reader.taken < slowest.taken) slowest = reader;
      if (reader.taken > fastest) fastest = reader.taken;
    }
    if (slowest === null) return null;
    this.#drop(Math.min(slowest.taken, this.end) - this.dropped);
    return this.#heldBytes > this.#holdings.leadBytes && fastest >= this.end ? slowest : null;
  }

  /** Whether the upstream is to send more. */
  wantsMore(readers: Iterable<Reader>): boolean {
    if (this.#isKept || this.#heldBytes <= this.#holdings.leadBytes) return true;
    for (const reader of readers) if (reader.taken >= this.end) return true;
    return false;
  }

  /** Nobody reads it any more. */
  release(): void {
    this.#holdings.give(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #drop(count: number): void {
    if (count <= 0) return;
    let bytes = 0;
    for (let at = 0; at < count; at += 1) bytes += this.pieces[at]?.length ?? 0;
    if (count === this.pieces.length) this.pieces.length = 0;
    else this.pieces.splice(0, count);
    this.dropped += count;
    this.#heldBytes -= bytes;
    this.#holdings.give(bytes);
  }
}
