/** Walk-forward: at each origin every method knows what came before it, and nothing else. */
import { BASELINES, Baseline } from '#lib/allocation/backtest/baselines.ts';
import {
  naiveError,
  PINBALL_LEVEL,
  type Predicted,
  type Score,
  Scorer,
} from '#lib/allocation/backtest/scores.ts';
import type { Calendar } from '#lib/allocation/calendar.ts';
import { type Forecast, Forecaster } from '#lib/allocation/forecast/forecaster.ts';
import type { Series } from '#lib/allocation/series.ts';

export const METHODS = ['ours', ...BASELINES] as const;
export type Method = (typeof METHODS)[number];

export interface Backtest {
  /** Targets that were observed and that every method had a forecast for. */
  readonly origins: number;
  readonly methods: Readonly<Record<Method, Score & { mase: number | null }>>;
  /** What MASE divides by, in the unit of the series; null when the history has no pair. */
  readonly mase_scale: number | null;
}

export interface WalkForwardOptions {
  readonly calendar: Calendar;
  readonly horizonSteps: number;
  /** Steps that are learned from before the first target that counts. */
  readonly historySteps: number;
  /** Told of each target that counts. */
  readonly onTarget?: (index: number, actual: number, ours: Forecast) => void;
}

export function predictedOf({ point, lower, upper, quantiles }: Forecast): Predicted {
  return { point, lower, upper, q90: quantiles[0] ?? point };
}

export function walkForward(series: Series, options: WalkForwardOptions): Backtest {
  const { calendar, horizonSteps, historySteps, onTarget } = options;
  const { fromS, stepS, values } = series;
  // On whole steps, as a forecaster counts them.
  const firstS = Math.round(fromS / stepS) * stepS;
  const ours = new Forecaster({ stepS, calendar, horizons: [horizonSteps], quantiles: [PINBALL_LEVEL] });
  const baselines = BASELINES.map((name) => new Baseline(name, calendar, stepS, horizonSteps));
  const scorers = METHODS.map(() => new Scorer());
  values.forEach((value, index) => {
    const atS = firstS + index * stepS;
    const actual = Number.isNaN(value) ? null : value;
    const [forecast = null] = ours.observe(atS, actual);
    const said = [
      forecast === null ? null : predictedOf(forecast),
      ...baselines.map((each) => each.observe(atS, actual)),
    ];
    if (actual === null || forecast === null || index < historySteps) return;
    if (said.some((each) => each === null)) return;
    for (const [method, each] of said.entries()) if (each !== null) scorers[method]?.add(each, actual);
    onTarget?.(index, actual, forecast);
  });
  const season = Math.round(calendar.seasonS / stepS);
  const scale = naiveError(values, season, historySteps) ?? naiveError(values, 1, historySteps);
  const scores = METHODS.map((name, method) => {
    const score = scorers[method]?.score ?? new Scorer().score;
    const mase = score.mae === null || scale === null || scale === 0 ? null : score.mae / scale;
    return [name, { ...score, mase }] as const;
  });
  return {
    origins: scorers[0]?.score.origins ?? 0,
    methods: Object.fromEntries(scores) as Backtest['methods'],
    mase_scale: scale,
  };
}
