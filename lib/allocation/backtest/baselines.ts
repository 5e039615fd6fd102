/**
 * What a forecast must beat. Each gets its quantiles in the same way as ours does: from how far off it was.
 *
 *   last_value          x[t]
 *   seasonal_naive      x[t + h - m], m the steps of a season; a season earlier where that was not observed
 *   same_hour_weekday   mean of all before in the same hour of the same weekday
 *   holt_winters        additive, damped, of the values themselves
 */

import type { Predicted } from '#lib/allocation/backtest/scores.ts';
import { PINBALL_LEVEL } from '#lib/allocation/backtest/scores.ts';
import type { Calendar } from '#lib/allocation/calendar.ts';
import { AdaptiveQuantile, Errors } from '#lib/allocation/forecast/adaptive-quantile.ts';
import { BAND } from '#lib/allocation/forecast/forecaster.ts';
import { HoltWinters } from '#lib/allocation/forecast/holt-winters.ts';
import { SameHour } from '#lib/allocation/forecast/same-hour.ts';

export const BASELINES = ['last_value', 'seasonal_naive', 'same_hour_weekday', 'holt_winters'] as const;
export type BaselineName = (typeof BASELINES)[number];

/** Gives the point that many steps ahead of the last observed step; NaN when it has none. */
interface PointForecaster {
  observe(atS: number, value: number | null): void;
  point(targetS: number): number;
}

/** A point forecaster with quantiles around it, for one horizon. */
export class Baseline {
  readonly #points: PointForecaster;
  readonly #errors: Errors;
  readonly #quantiles: readonly AdaptiveQuantile[];
  readonly #pending: (Predicted | null)[] = [];
  readonly #horizonS: number;
  readonly #steps: number;

  constructor(name: BaselineName, calendar: Calendar, stepS: number, steps: number) {
    const slots = Math.max(1, Math.ceil(calendar.seasonS / stepS));
    this.#points = pointsOf(name, calendar, stepS, slots);
    this.#steps = steps;
    this.#horizonS = steps * stepS;
    this.#errors = new Errors(slots);
    this.#quantiles = [(1 - BAND) / 2, PINBALL_LEVEL, (1 + BAND) / 2].map(
      (wanted) => new AdaptiveQuantile(wanted, this.#errors),
    );
  }

  /** @returns what had been predicted for this step; null when nothing had */
  observe(atS: number, value: number | null): Predicted | null {
    const due = this.#pending.length >= this.#steps ? (this.#pending.shift() ?? null) : null;
    if (due !== null && value !== null) {
      const said = [due.lower, due.q90, due.upper];
      for (const [at, quantile] of this.#quantiles.entries()) quantile.learn(said[at] ?? 0, value);
      this.#errors.add(Math.sqrt(value) - Math.sqrt(due.point));
    }
    this.#points.observe(atS, value);
    this.#pending.push(this.#predict(atS + this.#horizonS));
    return due;
  }

  #predict(targetS: number): Predicted | null {
    const point = this.#points.point(targetS);
    if (Number.isNaN(point)) return null;
    const at = (index: number) => this.#quantiles[index]?.around(Math.max(0, point)) ?? point;
    return {
      point: Math.max(0, point),
      lower: Math.min(point, at(0)),
      q90: at(1),
      upper: Math.max(point, at(2)),
    };
  }
}

function pointsOf(name: BaselineName, calendar: Calendar, stepS: number, slots: number): PointForecaster {
  switch (name) {
    case 'last_value': {
      let last = Number.NaN;
      return {
        observe: (_, value) => {
          last = value ?? last;
        },
        point: () => last,
      };
    }
    case 'seasonal_naive': {
      const season = new Float64Array(slots).fill(Number.NaN);
      const slotOf = (atS: number) => Math.round(atS / stepS) % slots;
      return {
        observe: (atS, value) => {
          if (value !== null) season[slotOf(atS)] = value;
        },
        point: (targetS) => season[slotOf(targetS)] ?? Number.NaN,
      };
    }
    case 'same_hour_weekday': {
      const means = new SameHour();
      return {
        observe: (atS, value) => {
          if (value !== null) means.observe(calendar.hourOfWeek(atS), value);
        },
        point: (targetS) => means.forecast(calendar.hourOfWeek(targetS)),
      };
    }
    case 'holt_winters': {
      const model = new HoltWinters(slots);
      let lastS = 0;
      return {
        observe: (atS, value) => {
          lastS = atS;
          if (value !== null) model.observe(calendar.slot(atS, stepS), value);
        },
        point: (targetS) =>
          model.forecast(Math.round((targetS - lastS) / stepS), calendar.slot(targetS, stepS)),
      };
    }
    default:
      return name satisfies never;
  }
}
