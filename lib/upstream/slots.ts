/**
 * A bulkhead: at most `capacity` calls in flight to one upstream, and of one model no more than its own limit, where it
 * has one; the rest wait first in, first out, in a bounded queue. A slot is given back when the work has really ended,
 * never earlier.
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
  readonly model: string | null;
  granted: () => void;
  refused: (error: SwitchgearError) => void;
  timer: NodeJS.Timeout;
}

export class Slots {
  limits: SlotLimits;
  /** Most calls in flight of a model; those without one share the capacity alone. */
  #modelLimits: ReadonlyMap<string, number> = new Map();
  /** Of models that have calls in flight. */
  readonly #modelInFlight = new Map<string, number>();
  #inFlight = 0;
  #serving = false;
  #closedBy: SwitchgearError | null = null;
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

  /** Calls of each model that are in flight or wait. */
  demands(): Map<string, number> {
    const demands = new Map(this.#modelInFlight);
    for (const { model } of this.#queue)
      if (model !== null) demands.set(model, (demands.get(model) ?? 0) + 1);
    return demands;
  }

  /** Takes a free slot, or answers false. Nobody overtakes the queue. */
  tryAcquire(model: string | null = null): boolean {
    if (this.#closedBy !== null || this.#queue.size > 0 || !this.#isFree(model)) return false;
    this.#take(model);
    return true;
  }

  /** Resolves with a slot that is held. @throws SwitchgearError `queue_full`, as `wait` refuses */
  acquire(model: string | null = null): Promise<void> {
    if (this.tryAcquire(model)) return Promise.resolve();
    return new Promise((resolve, reject) => this.wait(model, resolve, reject));
  }

  /**
   * Waits for a slot. Exactly one of the callbacks is called, unless the wait is cancelled: `refused` at once with
   * `queue_full` when the queue is full, or when the wait reached `queueWaitMs`; with what `close` was given once
   * nothing waits any more.
   */
  wait(model: string | null, granted: () => void, refused: (error: SwitchgearError) => void): Waiting {
    if (this.#closedBy !== null) {
      refused(this.#closedBy);
      return { cancel: () => {} };
    }
    if (this.#queue.size >= this.limits.queue) {
      refused(this.#full('The queue of this upstream is full'));
      return { cancel: () => {} };
    }
    const waiter: Waiter = {
      model,
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

  /** Gives a slot back, named as it was taken, and hands it to the first in the queue that may have it. */
  release(model: string | null = null): void {
    this.#noteRelease();
    this.#inFlight -= 1;
    if (model !== null) this.#countModel(model, -1);
    this.#serve();
  }

  /** Takes new limits; a larger capacity serves the queue at once, a smaller one lets running calls end. */
  setLimits(limits: SlotLimits): void {
    this.limits = limits;
    this.#serve();
  }

  /** Takes new limits of models, each at least 1. */
  setModelLimits(limits: ReadonlyMap<string, number>): void {
    this.#modelLimits = limits;
    this.#serve();
  }

  /** Refuses all that wait, and all that come. */
  close(error: SwitchgearError): void {
    this.#closedBy = error;
    for (const waiter of this.#queue) {
      this.#remove(waiter);
      waiter.refused(error);
    }
  }

  #isFree(model: string | null): boolean {
    if (this.#inFlight >= this.limits.capacity) return false;
    if (model === null || this.#modelLimits.size === 0) return true;
    const limit = this.#modelLimits.get(model);
    return limit === undefined || (this.#modelInFlight.get(model) ?? 0) < limit;
  }

  #take(model: string | null): void {
    this.#inFlight += 1;
    if (model !== null) this.#countModel(model, 1);
  }

  #countModel(model: string, by: 1 | -1): void {
    const count = (this.#modelInFlight.get(model) ?? 0) + by;
    if (count > 0) this.#modelInFlight.set(model, count);
    else this.#modelInFlight.delete(model);
  }

  /** One that is granted may release at once, so this must not call itself: a long queue would be a deep stack. */
  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#inFlight < this.limits.capacity) {
        const next = this.#nextFree();
        if (next === undefined) return;
        this.#remove(next);
        this.#take(next.model);
        next.granted();
      }
    } finally {
      this.#serving = false;
    }
  }

  /** The first in the queue whose model has room. */
  #nextFree(): Waiter | undefined {
    for (const waiter of this.#queue) if (this.#isFree(waiter.model)) return waiter;
    return undefined;
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
