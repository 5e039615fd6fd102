/** All series with their forecasts: rows go in, standings and forecasts come out. Runs in the worker; pure. */
import { provision } from '#lib/allocation/backtest/provisioning.ts';
import type { Calendar } from '#lib/allocation/calendar.ts';
import type { Forecast } from '#lib/allocation/forecast/forecaster.ts';
import { type Past, SeriesForecast, type Standing } from '#lib/allocation/live/series-forecast.ts';
import { METRICS, type Metric, StepSum, type UsageRow } from '#lib/allocation/usage.ts';
import {
  FIXED_MINUTES,
  fixedAtBudget,
  fixedCost,
  type Gap,
  learnedCost,
  type WarmthCost,
} from '#lib/allocation/warmth/frontier.ts';

/** Of one metric: what an allocation needs of it. */
export interface Outlook {
  readonly ahead: readonly Forecast[];
  readonly standing: Standing;
  readonly observed: number;
}

export type Outlooks = Readonly<Record<string, Readonly<Record<Metric, Outlook>>>>;

export interface SeriesView extends Outlook {
  readonly past: readonly Past[];
}

export interface BookSettings {
  readonly stepS: number;
  readonly quantile: number;
}

export interface Replayed {
  readonly steps: number;
  readonly resource_minutes: number;
  readonly static_minutes: number;
  readonly under_provisioned_share: number | null;
}

export interface FrontierPoint extends WarmthCost {
  readonly lambda_s: number;
}

export interface Frontier {
  readonly gaps: number;
  readonly fixed: readonly (WarmthCost & { keep_alive_s: number })[];
  readonly ours: readonly (FrontierPoint & { fixed_cold_starts_at_budget: number })[];
}

const MAX_SERIES = 200;

interface Followed {
  readonly steps: StepSum;
  readonly metrics: Readonly<Record<Metric, SeriesForecast>>;
}

export class Book {
  readonly #settings: BookSettings;
  readonly #calendar: Calendar;
  /** A series beyond the bound has no forecast. */
  readonly #series = new Map<string, Followed>();

  constructor(settings: BookSettings, calendar: Calendar) {
    this.#settings = settings;
    this.#calendar = calendar;
  }

  /** @param rows in the order of their time */
  observe(rows: readonly UsageRow[]): void {
    for (const row of rows) {
      const followed = this.#of(row.series);
      const ended = followed?.steps.add(row) ?? null;
      if (followed === undefined || ended === null) continue;
      for (const metric of METRICS) followed.metrics[metric].observe(ended.atS, ended[metric]);
    }
  }

  outlooks(): Outlooks {
    return Object.fromEntries(
      [...this.#series].map(([name, { metrics }]) => [
        name,
        Object.fromEntries(METRICS.map((metric) => [metric, outlookOf(metrics[metric])])),
      ]),
    ) as Outlooks;
  }

  /** Null of a series that is not known. */
  view(series: string, metric: Metric): SeriesView | null {
    const followed = this.#series.get(series);
    if (followed === undefined) return null;
    const forecast = followed.metrics[metric];
    return { ...outlookOf(forecast), past: forecast.past };
  }

  /**
   * The later half of what is known of a series provided for by the allocator's rule.
   * @param load what the demand is multiplied by
   * @param lead steps ahead that a decision has to be taken. @returns null of a series that is not known
   */
  replay(series: string, metric: Metric, quantile: number, lead: number, load: number): Replayed | null {
    const past = this.#series.get(series)?.metrics[metric].past;
    if (past === undefined) return null;
    const [first] = past;
    const last = past.at(-1);
    if (first === undefined || last === undefined)
      return { steps: 0, resource_minutes: 0, static_minutes: 0, under_provisioned_share: null };
    const { stepS } = this.#settings;
    const steps = Math.round((last.atS - first.atS) / stepS) + 1;
    const values = new Float64Array(steps).fill(Number.NaN);
    for (const { atS, actual } of past)
      if (actual !== null) values[Math.round((atS - first.atS) / stepS)] = actual * load;
    const { policies, ...rest } = provision(
      { fromS: first.atS, stepS, values },
      { calendar: this.#calendar, historySteps: Math.floor(steps / 2), quantile, leadSteps: lead },
    );
    return {
      steps: rest.steps,
      resource_minutes: policies.ours.resource_minutes,
      static_minutes: policies.static.resource_minutes,
      under_provisioned_share: policies.ours.under_provisioned_share,
    };
  }

  /** @param unitS the fixed keep-alives' minute: 60 s of a day, less of a compressed one */
  frontier(gaps: readonly Gap[], lambdasS: readonly number[]): Frontier {
    const unitS = this.#calendar.seasonS / MINUTES_OF_DAY;
    return {
      gaps: gaps.length,
      fixed: FIXED_MINUTES.map((minutes) => ({
        keep_alive_s: minutes * unitS,
        ...fixedCost(gaps, minutes * unitS),
      })),
      ours: lambdasS.map((lambdaS) => {
        const cost = learnedCost(gaps, lambdaS, { calendar: this.#calendar });
        const atBudget = fixedAtBudget(gaps, cost.idle_warm_minutes);
        return { lambda_s: lambdaS, ...cost, fixed_cold_starts_at_budget: atBudget };
      }),
    };
  }

  #of(series: string): Followed | undefined {
    const known = this.#series.get(series);
    if (known !== undefined || this.#series.size >= MAX_SERIES) return known;
    const { stepS, quantile } = this.#settings;
    const metrics = Object.fromEntries(
      METRICS.map((metric) => [metric, new SeriesForecast(stepS, this.#calendar, quantile)]),
    ) as Followed['metrics'];
    const followed = { steps: new StepSum(stepS), metrics };
    this.#series.set(series, followed);
    return followed;
  }
}

const MINUTES_OF_DAY = 1_440;

function outlookOf({ ahead, standing, observed }: SeriesForecast): Outlook {
  return { ahead, standing, observed };
}
