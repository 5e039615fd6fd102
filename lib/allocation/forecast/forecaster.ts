/**
 * One series, learned step by step: experts give their forecasts, a mixture per horizon says whom to believe, adaptive
 * quantiles say how far off it will be. The past is not kept; a forecaster is made anew by telling it the past again.
 */
import type { Calendar } from '#lib/allocation/calendar.ts';
import { AdaptiveQuantile, Errors } from '#lib/allocation/forecast/adaptive-quantile.ts';
import { Autoregression } from '#lib/allocation/forecast/autoregression.ts';
import { DayProfile } from '#lib/allocation/forecast/day-profile.ts';
import { HoltWinters } from '#lib/allocation/forecast/holt-winters.ts';
import { Mixture } from '#lib/allocation/forecast/mixture.ts';
import { SameHour } from '#lib/allocation/forecast/same-hour.ts';

export interface ForecasterOptions {
  readonly stepS: number;
  readonly calendar: Calendar;
  /** How many steps ahead, each forecast by itself. Ascending. */
  readonly horizons: readonly number[];
  /** Further quantiles than those of the band, ascending, 0..1. */
  readonly quantiles?: readonly number[];
}

export interface Forecast {
  /** Steps ahead. */
  readonly steps: number;
  /** When what is forecast begins, epoch seconds. */
  readonly atS: number;
  readonly point: number;
  readonly lower: number;
  readonly upper: number;
  /** In the order of the options. */
  readonly quantiles: readonly number[];
}

const EXPERTS = 8;
/** Of the band between `lower` and `upper`. */
export const BAND = 0.9;
/** A forecast is at most so many times the largest value of the last seasons. */
const CLAMP = 1.5;
const CLAMP_SEASONS = 7;
const FAST = 0.6;
const SLOW = 0.15;
const RESIDUAL = 0.6;
/** Of a residual's mean, a step ahead. */
const RESIDUAL_KEPT = 0.98;
const MIXTURE_HALF_LIFE_SEASONS = 1;
const AR_HALF_LIFE_SEASONS = 5;
/** Errors before a band is more than a guess. */
const MIN_ERRORS = 20;
/** Missing steps that are walked through; after more of them, what was near is no longer near. */
const MAX_WALK_SEASONS = 2;

interface Pending {
  readonly experts: Float64Array;
  readonly forecast: Forecast;
}

class Horizon {
  readonly steps: number;
  readonly mixture: Mixture;
  readonly errors: Errors;
  readonly lower: AdaptiveQuantile;
  readonly upper: AdaptiveQuantile;
  readonly quantiles: readonly AdaptiveQuantile[];
  /** Of the targets ahead, nearest first. */
  pending: (Pending | null)[] = [];

  constructor(steps: number, seasonSteps: number, quantiles: readonly number[]) {
    this.steps = steps;
    this.mixture = new Mixture(EXPERTS, MIXTURE_HALF_LIFE_SEASONS * seasonSteps);
    this.errors = new Errors(seasonSteps);
    this.lower = new AdaptiveQuantile((1 - BAND) / 2, this.errors);
    this.upper = new AdaptiveQuantile((1 + BAND) / 2, this.errors);
    this.quantiles = quantiles.map((wanted) => new AdaptiveQuantile(wanted, this.errors));
  }
}

export class Forecaster {
  readonly #options: ForecasterOptions;
  readonly #seasonSteps: number;
  readonly #horizons: readonly Horizon[];
  readonly #profile: DayProfile;
  readonly #ar: Autoregression;
  readonly #holtWinters: HoltWinters;
  readonly #sameHour = new SameHour();
  /** The largest value of each of the last seasons. */
  readonly #maxima = new Map<number, number>();
  #last = Number.NaN;
  #fast = Number.NaN;
  #slow = Number.NaN;
  #residual = 0;
  #atS: number | null = null;
  #observed = 0;

  constructor(options: ForecasterOptions) {
    this.#options = options;
    const { calendar, stepS, horizons, quantiles = [] } = options;
    const slots = Math.max(1, Math.ceil(calendar.seasonS / stepS));
    this.#seasonSteps = slots;
    this.#horizons = horizons.map((steps) => new Horizon(steps, slots, quantiles));
    this.#profile = new DayProfile(slots);
    this.#ar = new Autoregression(AR_HALF_LIFE_SEASONS * slots);
    this.#holtWinters = new HoltWinters(slots);
  }

  /** Values that were taken in. */
  get observed(): number {
    return this.#observed;
  }

  /** Where the last step began that was told, epoch seconds. */
  get atS(): number | null {
    return this.#atS;
  }

  /**
   * @param atS where the step begins, epoch seconds; one that is not after the last is ignored, as after a clock that
   * was set back, and steps left out are gaps
   * @param value at least 0; null is a gap, too
   * @returns what had been forecast for this step, by horizon; null where nothing had
   * @throws RangeError when the value is negative or no number
   */
  observe(atS: number, value: number | null): (Forecast | null)[] {
    if (value !== null && !(value >= 0 && Number.isFinite(value)))
      throw new RangeError(`a value must be a number of at least 0, not ${value}`);
    const step = Math.round(atS / this.#options.stepS);
    if (this.#atS !== null) {
      const from = Math.round(this.#atS / this.#options.stepS);
      if (step <= from) return this.#horizons.map(() => null);
      const walked = Math.max(from + 1, step - MAX_WALK_SEASONS * this.#seasonSteps);
      for (let missing = walked; missing < step; missing += 1) this.#step(missing, null);
    }
    return this.#step(step, value);
  }

  /** The next steps after the last observed; none before the first observation. */
  forecast(): Forecast[] {
    return this.#horizons.flatMap(({ pending, steps }) => pending[steps - 1]?.forecast ?? []);
  }

  /** Whether enough errors were seen that the band means something. */
  get isCalibrated(): boolean {
    return (this.#horizons[0]?.errors.count ?? 0) >= MIN_ERRORS;
  }

  #step(step: number, value: number | null): (Forecast | null)[] {
    const atS = step * this.#options.stepS;
    this.#atS = atS;
    const due = this.#horizons.map((horizon) => this.#settle(horizon, value));
    if (value === null) this.#ar.skip();
    else this.#learn(atS, value);
    this.#look(atS);
    return due;
  }

  #settle(horizon: Horizon, value: number | null): Forecast | null {
    const pending = horizon.pending.shift() ?? null;
    if (pending === null) return null;
    const { forecast, experts } = pending;
    if (value === null) return forecast;
    horizon.mixture.learn(experts, value);
    horizon.lower.learn(forecast.lower, value);
    horizon.upper.learn(forecast.upper, value);
    for (const [at, quantile] of horizon.quantiles.entries())
      quantile.learn(forecast.quantiles[at] ?? 0, value);
    horizon.errors.add(Math.sqrt(value) - Math.sqrt(forecast.point));
    return forecast;
  }

  #learn(atS: number, value: number): void {
    const { calendar, stepS } = this.#options;
    const root = Math.sqrt(value);
    const slot = calendar.slot(atS, stepS);
    const usual = this.#profile.at(slot);
    if (!Number.isNaN(usual)) {
      this.#ar.observe(root - usual);
      this.#residual += RESIDUAL * (root - usual - this.#residual);
    }
    this.#fast = Number.isNaN(this.#fast) ? root : this.#fast + FAST * (root - this.#fast);
    this.#slow = Number.isNaN(this.#slow) ? root : this.#slow + SLOW * (root - this.#slow);
    this.#last = root;
    this.#profile.observe(slot, root);
    this.#holtWinters.observe(slot, root);
    this.#sameHour.observe(calendar.hourOfWeek(atS), value);
    const season = Math.floor(atS / calendar.seasonS);
    this.#maxima.set(season, Math.max(value, this.#maxima.get(season) ?? 0));
    for (const each of this.#maxima.keys()) if (each < season - CLAMP_SEASONS) this.#maxima.delete(each);
    this.#observed += 1;
  }

  #look(atS: number): void {
    if (this.#observed === 0) return;
    const furthest = this.#horizons.at(-1)?.steps ?? 0;
    const residuals = this.#ar.forecast(furthest);
    const ceiling = CLAMP * Math.max(...this.#maxima.values());
    for (const horizon of this.#horizons) {
      while (horizon.pending.length < horizon.steps - 1) horizon.pending.push(null);
      horizon.pending.push(this.#ahead(atS, horizon, residuals, ceiling));
    }
  }

  #ahead(atS: number, horizon: Horizon, residuals: readonly number[], ceiling: number): Pending {
    const { steps } = horizon;
    const experts = this.#ask(atS, steps, residuals[steps - 1] ?? 0);
    const point = Math.min(ceiling, horizon.mixture.combine(experts));
    const forecast: Forecast = {
      steps,
      atS: atS + steps * this.#options.stepS,
      point,
      lower: Math.min(point, horizon.lower.around(point)),
      upper: Math.max(point, Math.min(ceiling, horizon.upper.around(point))),
      quantiles: horizon.quantiles.map((quantile) => Math.min(ceiling, quantile.around(point))),
    };
    return { experts, forecast };
  }

  /** What each expert says, in the unit of the series. */
  #ask(atS: number, steps: number, arResidual: number): Float64Array {
    const { calendar, stepS } = this.#options;
    const targetS = atS + steps * stepS;
    const slot = calendar.slot(targetS, stepS);
    const usual = this.#profile.at(slot);
    return Float64Array.of(
      squared(this.#last),
      squared(this.#fast),
      squared(this.#slow),
      squared(usual),
      squared(usual + arResidual),
      squared(usual + this.#residual * RESIDUAL_KEPT ** steps),
      squared(this.#holtWinters.forecast(steps, slot)),
      this.#sameHour.forecast(calendar.hourOfWeek(targetS)),
    );
  }
}

/** Back from square-root space. */
function squared(root: number): number {
  return Math.max(0, root) ** 2;
}
