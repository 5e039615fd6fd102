/** Parallel slots of one model: so many calls at a time, so many more may wait, first in, first out. */
import { unlessAborted } from '#lib/lab/clock.ts';
import { Refusal } from '#lib/lab/refusal.ts';

export class RequestSlots {
  readonly #capacity: number;
  readonly #maxQueued: number;
  #taken = 0;
  readonly #queue = new Set<() => void>();

  constructor(capacity: number, maxQueued: number) {
    this.#capacity = capacity;
    this.#maxQueued = maxQueued;
  }

  /**
   * Resolves with the function that gives the slot back.
   * @throws Refusal 503 when the queue is full; the signal's reason when the caller leaves
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken < this.#capacity) {
      this.#taken += 1;
      return this.#releaser();
    }
    if (this.#queue.size >= this.#maxQueued) {
      // Two spaces, as Ollama writes it.
      throw new Refusal(503, 'server busy, please try again.  maximum pending requests exceeded');
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue.add(resolve);
    try {
      await unlessAborted(promise, signal);
    } catch (thrown) {
      // Not in the queue any more: the slot was handed over in the same turn.
      if (!this.#queue.delete(resolve)) this.#handOver();
      throw thrown;
    }
    return this.#releaser();
  }

  #releaser(): () => void {
    let released = false;
    return () => {
      if (!released) this.#handOver();
      released = true;
    };
  }

  /** The slot goes to the first that waits, or becomes free. */
  #handOver(): void {
    const [first] = this.#queue;
    if (first === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#queue.delete(first);
    first();
  }
}
