/**
 * What the calls of a breaker came to. A window of time and one of calls are both kept, so that a change of the
 * settings finds the other one filled; latencies, refusals and the call rate are always of the window of time.
 */
import { CountWindow } from '#lib/breaker/count-window.ts';
import { type CallEnd, type Counts, RollingWindow } from '#lib/breaker/window.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';

export class Outcomes {
  readonly #time: RollingWindow;
  readonly #count: CountWindow;
  #settings: BreakerSettings;

  /** `nowMs` is monotonic, in milliseconds, here and below. */
  constructor(settings: BreakerSettings, nowMs: number) {
    this.#settings = settings;
    this.#time = new RollingWindow(settings.window_s * 1_000, nowMs);
    this.#count = new CountWindow(settings.window_calls);
  }

  record(call: CallEnd, nowMs: number): void {
    this.#time.record(call, nowMs);
    this.#count.record(call);
  }

  refused(nowMs: number): void {
    this.#time.count('rejected', nowMs);
  }

  /** Takes a latency without a call. */
  measure(durationMs: number, nowMs: number): void {
    this.#time.measure(durationMs, nowMs);
  }

  /** In the window that decides. */
  counts(nowMs: number): Counts {
    const inTime = this.#time.counts(nowMs);
    if (this.#settings.window_kind === 'time') return inTime;
    return { ...this.#count.counts(), rejected: inTime.rejected };
  }

  /** In the window that decides, after so many failures more. */
  countsAfterFailures(more: number, nowMs: number): Counts {
    const counts = this.counts(nowMs);
    if (this.#settings.window_kind === 'count')
      return { ...counts, ...this.#count.countsAfterFailures(more) };
    return { ...counts, calls: counts.calls + more, failures: counts.failures + more };
  }

  ratePerS(nowMs: number): number {
    return this.#time.counts(nowMs).calls / this.#settings.window_s;
  }

  percentiles(shares: readonly number[], nowMs: number): (number | null)[] {
    return this.#time.percentiles(shares, nowMs);
  }

  /** What the windows hold stays. */
  updateSettings(settings: BreakerSettings, nowMs: number): void {
    this.#settings = settings;
    this.#time.resize(settings.window_s * 1_000, nowMs);
    this.#count.resize(settings.window_calls);
  }

  /** Latencies stay. */
  clearCounts(nowMs: number): void {
    this.#time.clearCounts(nowMs);
    this.#count.clear();
  }

  clear(nowMs: number): void {
    this.#time.clear(nowMs);
    this.#count.clear();
  }
}
