/** Collects the outcomes of one measurement. */
import type { Outcome } from './connection.ts';
import { percentile } from './stats.ts';

export interface LoadResult {
  /** Answers with a 2xx status. */
  ok: number;
  failed: number;
  /** How often each status other than 2xx, or error, came. */
  failures: Record<string, number>;
  /** Answers with a 2xx status per second. */
  perSecond: number;
  /** Null without any answer. */
  p50Ms: number | null;
  p99Ms: number | null;
}

/** Five seconds of more than 100,000 a second; what comes after is counted, but not in the percentiles. */
const MAX_SAMPLES = 1_000_000;
const MAX_KINDS_OF_FAILURE = 20;

export class Tally {
  #ok = 0;
  #failed = 0;
  readonly #failures = new Map<string, number>();
  readonly #latenciesMs: number[] = [];

  add(outcome: Outcome, latencyMs: number): void {
    if (outcome.status !== null && outcome.status >= 200 && outcome.status < 300) {
      this.#ok += 1;
      if (this.#latenciesMs.length < MAX_SAMPLES) this.#latenciesMs.push(latencyMs);
    } else {
      this.fail(outcome.error ?? `status ${outcome.status}`);
    }
  }

  fail(kind: string): void {
    const known = this.#failures.has(kind) || this.#failures.size < MAX_KINDS_OF_FAILURE;
    const name = known ? kind : 'other';
    this.#failed += 1;
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
  }

  result(elapsedMs: number): LoadResult {
    const sorted = Float64Array.from(this.#latenciesMs).sort();
    const at = (percent: number) => (sorted.length === 0 ? null : percentile(sorted, percent));
    return {
      ok: this.#ok,
      failed: this.#failed,
      failures: Object.fromEntries(this.#failures),
      perSecond: (this.#ok / elapsedMs) * 1_000,
      p50Ms: at(50),
      p99Ms: at(99),
    };
  }
}
