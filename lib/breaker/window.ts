/** What happened in the last `window_s`: counts and latencies in slots of a tenth of it, at constant cost. */
import { Histogram } from '#lib/stats/histogram.ts';

const SLOTS = 10;

export interface Counts {
  /** Calls that ended well or badly; what says nothing about the upstream is not counted. */
  calls: number;
  failures: number;
  slow: number;
  timeouts: number;
  rejected: number;
}

export type Tally = keyof Counts;

/** How a call ended that says something about the upstream. */
export interface CallEnd {
  failed: boolean;
  slow: boolean;
  timedOut: boolean;
  durationMs: number;
}

interface Slot extends Counts {
  latency: Histogram;
}

export class RollingWindow {
  #slotMs: number;
  #slots: Slot[] = Array.from({ length: SLOTS }, newSlot);
  #current = 0;
  #slotStartMs: number;
  readonly #totals = newSlot();

  /** @param nowMs Monotonic clock, in milliseconds, as in every call below. */
  constructor(windowMs: number, nowMs: number) {
    this.#slotMs = windowMs / SLOTS;
    this.#slotStartMs = nowMs;
  }

  count(tally: Tally, nowMs: number): void {
    this.#advance(nowMs);
    this.#bump(tally);
  }

  record(call: CallEnd, nowMs: number): void {
    this.#advance(nowMs);
    this.#bump('calls');
    if (call.failed) this.#bump('failures');
    if (call.slow) this.#bump('slow');
    if (call.timedOut) this.#bump('timeouts');
    this.#measure(call.durationMs);
  }

  /** Takes a latency without a call. */
  measure(durationMs: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#measure(durationMs);
  }

  counts(nowMs: number): Counts {
    this.#advance(nowMs);
    const { calls, failures, slow, timeouts, rejected } = this.#totals;
    return { calls, failures, slow, timeouts, rejected };
  }

  /** Latencies in milliseconds at the given shares, ascending; null without calls. */
  percentiles(shares: readonly number[], nowMs: number): (number | null)[] {
    this.#advance(nowMs);
    return this.#totals.latency.percentiles(shares);
  }

  /** From now on slots last a tenth of the new length; what they hold stays and ages at the new pace. */
  resize(windowMs: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#slotMs = windowMs / SLOTS;
  }

  clear(nowMs: number): void {
    this.clearCounts(nowMs);
    for (const slot of this.#slots) slot.latency.clear();
    this.#totals.latency.clear();
    this.#slotStartMs = nowMs;
  }

  /** Latencies stay. */
  clearCounts(nowMs: number): void {
    this.#advance(nowMs);
    for (const slot of this.#slots) emptyCounts(slot);
    emptyCounts(this.#totals);
  }

  #slot(): Slot {
    const slot = this.#slots[this.#current];
    if (slot === undefined) throw new RangeError(`slot ${this.#current} of ${SLOTS}`);
    return slot;
  }

  #measure(durationMs: number): void {
    this.#slot().latency.add(durationMs);
    this.#totals.latency.add(durationMs);
  }

  #bump(tally: Tally): void {
    this.#slot()[tally] += 1;
    this.#totals[tally] += 1;
  }

  #advance(nowMs: number): void {
    const elapsed = Math.floor((nowMs - this.#slotStartMs) / this.#slotMs);
    if (elapsed <= 0) return;
    this.#slotStartMs += elapsed * this.#slotMs;
    for (let i = 0; i < Math.min(elapsed, SLOTS); i++) {
      this.#current = (this.#current + 1) % SLOTS;
      this.#forget(this.#slot());
    }
  }

  #forget(slot: Slot): void {
    this.#totals.calls -= slot.calls;
    this.#totals.failures -= slot.failures;
    this.#totals.slow -= slot.slow;
    this.#totals.timeouts -= slot.timeouts;
    this.#totals.rejected -= slot.rejected;
    this.#totals.latency.subtract(slot.latency);
    empty(slot);
  }
}

function newSlot(): Slot {
  return { calls: 0, failures: 0, slow: 0, timeouts: 0, rejected: 0, latency: new Histogram() };
}

function empty(slot: Slot): void {
  emptyCounts(slot);
  slot.latency.clear();
}

function emptyCounts(slot: Counts): void {
  slot.calls = 0;
  slot.failures = 0;
  slot.slow = 0;
  slot.timeouts = 0;
  slot.rejected = 0;
}
