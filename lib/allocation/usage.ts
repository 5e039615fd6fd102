/**
 * What is recorded of a stretch of time. Series are `*` for all that was asked of the gateway, `cache` for the memory
 * that cached answers take, an upstream's name for its calls, and `<upstream>/<model>` for those of one model.
 */
import { type Metric, metrics } from '#lib/contracts/predictions.ts';

export type { Metric };

export interface UsageRow {
  readonly series: string;
  /** Where it begins, epoch seconds. */
  readonly atS: number;
  readonly lastsS: number;
  readonly requests: number;
  /** The most that was in flight or waited at a time; of `cache`, megabytes. Null when it was not measured. */
  readonly demand: number | null;
  /** Mean; null without any. */
  readonly responseMs: number | null;
}

export const GATEWAY_SERIES = '*';
export const CACHE_SERIES = 'cache';

export const METRICS: readonly Metric[] = metrics;

export function modelSeries(upstream: string, model: string): string {
  return `${upstream}/${model}`;
}

/** The upstream and model of a series; model is null of one that is no model's. */
export function partsOf(series: string): { upstream: string; model: string | null } {
  const at = series.indexOf('/');
  return at === -1
    ? { upstream: series, model: null }
    : { upstream: series.slice(0, at), model: series.slice(at + 1) };
}

/**
 * Rows of stretches that are longer than a step, as so many rows of a step: requests are spread evenly, and the rest is
 * the same in each.
 */
export function onSteps(rows: readonly UsageRow[], stepS: number): UsageRow[] {
  return rows.flatMap((row) => {
    const parts = Math.round(row.lastsS / stepS);
    if (parts <= 1) return [row];
    return Array.from({ length: parts }, (_, part) => ({
      ...row,
      atS: row.atS + part * stepS,
      lastsS: stepS,
      requests: row.requests / parts,
    }));
  });
}

const LEAST_MEASURED = 0.5;

/** Puts rows of a step or less together into steps. */
export class StepSum {
  readonly #stepS: number;
  #step: number | null = null;
  #requests = 0;
  #measuredS = 0;
  #demand: number | null = null;
  #responseSum = 0;
  #responseWeight = 0;

  constructor(stepS: number) {
    this.#stepS = stepS;
  }

  /** @returns the step that has ended with this row; null while it goes on */
  add(row: UsageRow): ({ atS: number } & Record<Metric, number | null>) | null {
    const step = Math.floor(row.atS / this.#stepS);
    const ended = this.#step !== null && step > this.#step ? this.#end(this.#step) : null;
    if (this.#step !== null && step < this.#step) return null;
    this.#step = step;
    this.#requests += row.requests;
    this.#measuredS += row.lastsS;
    if (row.demand !== null) this.#demand = Math.max(this.#demand ?? 0, row.demand);
    if (row.responseMs !== null) {
      const weight = Math.max(row.requests, 1);
      this.#responseSum += weight * row.responseMs;
      this.#responseWeight += weight;
    }
    return ended;
  }

  /** Requests are per step, as if all of it had been measured; of a step that was measured by less than half, nothing. */
  #end(step: number): { atS: number } & Record<Metric, number | null> {
    const share = Math.min(1, this.#measuredS / this.#stepS);
    const isKnown = share >= LEAST_MEASURED;
    const ended = {
      atS: step * this.#stepS,
      requests: isKnown ? this.#requests / share : null,
      demand: isKnown ? this.#demand : null,
      response_ms: this.#responseWeight === 0 ? null : this.#responseSum / this.#responseWeight,
    };
    this.#requests = 0;
    this.#measuredS = 0;
    this.#demand = null;
    this.#responseSum = 0;
    this.#responseWeight = 0;
    return ended;
  }
}
