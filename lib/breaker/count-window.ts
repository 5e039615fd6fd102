/** What the last so many calls came to: one byte each in a ring, at constant cost. */
import type { CallEnd, Counts } from '#lib/breaker/window.ts';

export type CallCounts = Omit<Counts, 'rejected'>;

const FAILED = 1;
const SLOW = 2;
const TIMED_OUT = 4;

export class CountWindow {
  #ends: Uint8Array;
  /** Where the next one goes; once the ring is full, the oldest is there. */
  #next = 0;
  #counts: CallCounts = noCalls();

  constructor(length: number) {
    this.#ends = new Uint8Array(length);
  }

  record(call: CallEnd): void {
    if (this.#counts.calls === this.#ends.length) this.#tally(this.#ends[this.#next] ?? 0, -1);
    const end = (call.failed ? FAILED : 0) | (call.slow ? SLOW : 0) | (call.timedOut ? TIMED_OUT : 0);
    this.#ends[this.#next] = end;
    this.#next = (this.#next + 1) % this.#ends.length;
    this.#tally(end, 1);
  }

  counts(): CallCounts {
    return { ...this.#counts };
  }

  /** As they would be after so many failures more, at most as many as the window is long. */
  countsAfterFailures(more: number): CallCounts {
    const { length } = this.#ends;
    const { calls, failures, slow, timeouts } = this.#counts;
    const pushedOut = Math.max(0, calls + more - length);
    const oldest = this.#next - calls + length;
    const lost = noCalls();
    for (let i = 0; i < pushedOut; i++) tally(lost, this.#ends[(oldest + i) % length] ?? 0, 1);
    return {
      calls: calls + more - pushedOut,
      failures: failures + more - lost.failures,
      slow: slow - lost.slow,
      timeouts: timeouts - lost.timeouts,
    };
  }

  /** Keeps the newest calls, as many as fit. */
  resize(length: number): void {
    if (length === this.#ends.length) return;
    const kept = this.#newest(length);
    this.#ends = new Uint8Array(length);
    this.clear();
    this.#ends.set(kept);
    this.#next = kept.length % length;
    for (const end of kept) this.#tally(end, 1);
  }

  clear(): void {
    this.#next = 0;
    this.#counts = noCalls();
  }

  /** Oldest first. */
  #newest(limit: number): number[] {
    const { length } = this.#ends;
    const count = Math.min(limit, this.#counts.calls);
    return Array.from(
      { length: count },
      (_, i) => this.#ends[(this.#next - count + i + length) % length] ?? 0,
    );
  }

  #tally(end: number, by: 1 | -1): void {
    tally(this.#counts, end, by);
  }
}

function tally(counts: CallCounts, end: number, by: 1 | -1): void {
  counts.calls += by;
  if ((end & FAILED) !== 0) counts.failures += by;
  if ((end & SLOW) !== 0) counts.slow += by;
  if ((end & TIMED_OUT) !== 0) counts.timeouts += by;
}

function noCalls(): CallCounts {
  return { calls: 0, failures: 0, slow: 0, timeouts: 0 };
}
