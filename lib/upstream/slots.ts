/**
 * A bulkhead: at most `capacity` calls in flight to one upstream, the rest wait first in, first out, in a bounded
 * queue. A slot is given back when the work has really ended, never earlier.
 */
import { performance } from 'node:perf_hooks';
import { SwitchgearError } from '#lib/errors.ts';

export interface SlotLimits {
  capacity: number;
  /** Calls that may wait. */
  queue: number;
  queueWaitMs: number;
}

/** Weight of the newest interval between releases in the drain-rate average. */
const DRAIN_SMOOTHING = 0.2;
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;

export interface Waiting {
  /** Leaves the queue; harmless once served. */
  cancel(): void;
}

interface Waiter {
  granted: () => void;
  refused: (error: SwitchgearError) => void;
  timer: NodeJS.Timeout;
}

export class Slots {
  limits: SlotLimits;
  #inFlight = 0;
  #serving = false;
  readonly #queue = new Set<Waiter>();
  #releaseIntervalMs: number | null = null;
  #lastReleaseAt: number | null = null;
  readonly #now: () => number;

  constructor(limits: SlotLimits, now: () => number = () => performance.now()) {
    this.limits = limits;
    this.#now = now;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Takes a free slot, or answers false. Nobody overtakes the queue. */
  tryAcquire(): boolean {
    if (this.#inFlight >= this.limits.capacity || this.#queue.size > 0) return false;
    this.#inFlight += 1;
    return true;
  }

  /** Resolves with a slot that is held. @throws SwitchgearError `queue_full`, as `wait` refuses */
  acquire(): Promise<void> {
    if (this.tryAcquire()) return Promise.resolve();
    return new Promise((resolve, reject) => this.wait(resolve, reject));
  }

  /**
   * Waits for a slot. Exactly one of the callbacks is called, unless the wait is cancelled: `refused` at once with
   * `queue_full` when the queue is full, or when the wait reached `queueWaitMs`.
   */
  wait(granted: () => void, refused: (error: SwitchgearError) => void): Waiting {
    if (this.#queue.size >= this.limits.queue) {
      refused(this.#full('The queue of this upstream is full'));
      return { cancel: () => {} };
    }
    const waiter: Waiter = {
      granted,
      refused,
      timer: setTimeout(() => {
        this.#queue.delete(waiter);
        refused(this.#full(`No connection became free within ${this.limits.queueWaitMs} ms`));
      }, this.limits.queueWaitMs),
    };
    this.#queue.add(waiter);
    return { cancel: () => this.#remove(waiter) };
  }

  /** Gives a slot back and hands it to the first in the queue. */
  release(): void {
    this.#noteRelease();
    this.#inFlight -= 1;
    this.#serve();
  }

  /** Takes new limits; a larger capacity serves the queue at once, a smaller one lets running calls end. */
  setLimits(limits: SlotLimits): void {
    this.limits = limits;
    this.#serve();
  }

  /** Refuses all that wait. */
  close(error: SwitchgearError): void {
    for (const waiter of this.#queue) {
      this.#remove(waiter);
      waiter.refused(error);
    }
  }

  /** One that is granted may release at once, so this must not call itself: a long queue would be a deep stack. */
  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#inFlight < this.limits.capacity) {
        const [first] = this.#queue;
        if (first === undefined) return;
        this.#remove(first);
        this.#inFlight += 1;
        first.granted();
      }
    } finally {
      this.#serving = false;
    }
  }

  #remove(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.#queue.delete(waiter);
  }

  #noteRelease(): void {
    const now = this.#now();
    if (this.#lastReleaseAt !== null) {
      const interval = now - this.#lastReleaseAt;
      this.#releaseIntervalMs =
        this.#releaseIntervalMs === null
          ? interval
          : this.#releaseIntervalMs + DRAIN_SMOOTHING * (interval - this.#releaseIntervalMs);
    }
    this.#lastReleaseAt = now;
  }

  /** The advice is the time that the queue takes to drain at the measured rate. */
  #full(message: string): SwitchgearError {
    const drainMs = (this.#queue.size + 1) * (this.#releaseIntervalMs ?? MIN_RETRY_MS);
    const retryAfterMs = Math.round(Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, drainMs)));
    return new SwitchgearError('queue_full', message, { retryAfterMs });
  }
}
