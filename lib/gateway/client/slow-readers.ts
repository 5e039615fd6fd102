/**
 * Clients that take their answers more slowly than they come. One that takes nothing for `stallMs` is let go: it keeps
 * a call, memory and a connection from others. Where the process holds too much, those go that have taken nothing for
 * the longest.
 */
export interface SlowReader {
  /** Of what is held, what would be given back without it. */
  readonly heldBytes: number;
  letGo(): void;
}

export interface SlowReadersParts {
  readonly stallMs: () => number;
  readonly monotonicMs: () => number;
}

const SWEEP_EVERY_MS = 1_000;
/** One that took something this lately is only slow, and is spared. */
const SPARED_MS = 5_000;

export class SlowReaders {
  readonly #parts: SlowReadersParts;
  /** Since when each has taken nothing, the longest first. */
  readonly #since = new Map<SlowReader, number>();
  /** Bytes of those that were let go and have not closed yet. */
  readonly #leaving = new Map<SlowReader, number>();
  /** Those that were let go so far. */
  readonly letGo = { stalled: 0, too_much_held: 0 };
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: SlowReadersParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#since.size;
  }

  add(reader: SlowReader): void {
    this.#since.delete(reader);
    this.#since.set(reader, this.#parts.monotonicMs());
    this.#timer ??= setInterval(() => this.sweep(), SWEEP_EVERY_MS).unref();
  }

  /** It has taken what there was, or is gone. */
  remove(reader: SlowReader): void {
    this.#leaving.delete(reader);
    this.#since.delete(reader);
    if (this.#since.size === 0) this.close();
  }

  sweep(): void {
    const latest = this.#parts.monotonicMs() - this.#parts.stallMs();
    for (const [reader, since] of this.#since) {
      if (since > latest) return;
      this.#letGo(reader, 'stalled');
    }
  }

  /** Lets go of as many as hold `bytes`, those that are leaving counted. */
  makeRoom(bytes: number): void {
    const latest = this.#parts.monotonicMs() - SPARED_MS;
    let freed = [...this.#leaving.values()].reduce((sum, held) => sum + held, 0);
    for (const [reader, since] of this.#since) {
      if (freed >= bytes || since > latest) return;
      freed += reader.heldBytes;
      this.#letGo(reader, 'too_much_held');
    }
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #letGo(reader: SlowReader, why: keyof SlowReaders['letGo']): void {
    const { heldBytes } = reader;
    this.remove(reader);
    this.#leaving.set(reader, heldBytes);
    this.letGo[why] += 1;
    reader.letGo();
  }
}
