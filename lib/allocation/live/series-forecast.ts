/** One metric of one series as it goes on: its forecasts, and how good they were beside the baselines. */
import { BASELINES, Baseline } from '#lib/allocation/backtest/baselines.ts';
import { type Score, Scorer, skillOf } from '#lib/allocation/backtest/scores.ts';
import { METHODS, type Method, predictedOf } from '#lib/allocation/backtest/walk-forward.ts';
import type { Calendar } from '#lib/allocation/calendar.ts';
import { type Forecast, Forecaster } from '#lib/allocation/forecast/forecaster.ts';

export interface Past {
  /** Where the step began, epoch seconds. */
  readonly atS: number;
  readonly actual: number | null;
  /** As it had been forecast one step before; null when it had not. */
  readonly point: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

export interface Standing {
  readonly methods: Readonly<Record<Method, Score>>;
  /** Against the last value. */
  readonly skill: number | null;
  readonly coverage: number | null;
  /** Scored forecasts. */
  readonly origins: number;
}

/** Steps ahead: an hour of five minutes each, further apart the further they are. */
export const HORIZONS = [1, 2, 4, 6, 9, 12] as const;
/** Forecasts that a standing is made from. */
const SCORED = 500;
/** Steps that are kept to be shown. */
const KEPT = 2_016;

export class SeriesForecast {
  readonly #forecaster: Forecaster;
  readonly #baselines: readonly Baseline[];
  readonly #scorers: readonly Scorer[];
  #past: Past[] = [];

  /** @param quantile that allocations are sized by, beside the 0.9 quantile that forecasts are judged by */
  constructor(stepS: number, calendar: Calendar, quantile: number) {
    this.#forecaster = new Forecaster({ stepS, calendar, horizons: HORIZONS, quantiles: [0.9, quantile] });
    this.#baselines = BASELINES.map((name) => new Baseline(name, calendar, stepS, 1));
    this.#scorers = METHODS.map(() => new Scorer(SCORED));
  }

  observe(atS: number, value: number | null): void {
    const lastS = this.#forecaster.atS;
    // What was never measured needs no gaps.
    if (lastS === null ? value === null : atS <= lastS) return;
    const [forecast = null] = this.#forecaster.observe(atS, value);
    // After a gap it was made for the first missing step.
    const said = forecast !== null && forecast.atS === atS ? forecast : null;
    const predicted = [
      said === null ? null : predictedOf(said),
      ...this.#baselines.map((baseline) => baseline.observe(atS, value)),
    ];
    if (value !== null && predicted.every((each) => each !== null))
      for (const [method, each] of predicted.entries()) this.#scorers[method]?.add(each, value);
    this.#past.push({
      atS,
      actual: value,
      point: said?.point ?? null,
      lower: said?.lower ?? null,
      upper: said?.upper ?? null,
    });
    if (this.#past.length > 2 * KEPT) this.#past = this.#past.slice(-KEPT);
  }

  get ahead(): Forecast[] {
    return this.#forecaster.isCalibrated ? this.#forecaster.forecast() : [];
  }

  get past(): readonly Past[] {
    return this.#past.slice(-KEPT);
  }

  get observed(): number {
    return this.#forecaster.observed;
  }

  get standing(): Standing {
    const scores = this.#scorers.map((scorer) => scorer.score);
    const methods = Object.fromEntries(METHODS.map((name, at) => [name, scores[at]])) as Standing['methods'];
    return {
      methods,
      skill: skillOf(methods.ours.pinball_90, methods.last_value.pinball_90),
      coverage: methods.ours.coverage_90,
      origins: methods.ours.origins,
    };
  }
}
