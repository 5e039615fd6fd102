/**
 * One thing that is sized: `need = max(demand now, forecast quantile)` within its limits, out at once and in slowly,
 * and whether it has earned to be acted on.
 *
 * It is promoted while its forecasts have a positive pinball skill against the last value and their 90 % band holds at
 * least what it promises less 2 points. More than it promises is no reason against it: demands of a few calls at a time
 * have no band that holds exactly 90 %, and one that is too wide costs skill.
 */
import { BAND } from '#lib/allocation/forecast/forecaster.ts';
import type { Outlook } from '#lib/allocation/live/book.ts';
import { Stepped } from '#lib/allocation/stepped.ts';

/** Scored forecasts before anything is promoted. */
const MIN_ORIGINS = 50;
const COVERAGE_TOLERANCE = 0.02;
/** To be promoted; it is demoted below 0, so that noise alone does not do both in turn. */
const SKILL_TO_PROMOTE = 0.02;

/** Why it is not promoted, in words; null when it is. */
export function refusalOf(outlook: Outlook | null, isPromoted: boolean): string | null {
  if (outlook === null) return 'nothing is known of it yet';
  const { origins, skill, coverage } = outlook.standing;
  if (origins < MIN_ORIGINS) return `learning: ${origins} of ${MIN_ORIGINS} forecasts scored`;
  if (skill === null) return 'its demand does not change, so there is nothing to forecast';
  if (skill < (isPromoted ? 0 : SKILL_TO_PROMOTE))
    return `its forecasts are no better than the last value (skill ${skill.toFixed(2)})`;
  if (coverage === null || coverage < BAND - COVERAGE_TOLERANCE)
    return `its band held ${((coverage ?? 0) * 100).toFixed(1)} % of what came, not ${BAND * 100} %`;
  return null;
}

export interface Sizing {
  /** What was needed just now. */
  readonly reactive: number;
  /** What the forecast asks for; null without one. */
  readonly forecast: number | null;
  /** Both, within the limits, in whole units. */
  readonly recommended: number;
}

export class Target {
  readonly #stepped = new Stepped();
  isPromoted = false;
  refusal: string | null = 'nothing is known of it yet';
  sizing: Sizing = { reactive: 0, forecast: null, recommended: 0 };

  /** @returns whether it was promoted or demoted by this */
  judge(outlook: Outlook | null): boolean {
    this.refusal = refusalOf(outlook, this.isPromoted);
    const isPromoted = this.refusal === null;
    const hasChanged = isPromoted !== this.isPromoted;
    this.isPromoted = isPromoted;
    return hasChanged;
  }

  /** A new step: what is provided may fall towards what is needed. */
  size(reactive: number, forecast: number | null, floor: number, ceiling: number): Sizing {
    const provided = this.#stepped.next(Math.max(reactive, forecast ?? 0));
    this.sizing = { reactive, forecast, recommended: within(provided, floor, ceiling) };
    return this.sizing;
  }

  /** Within a step: it only ever rises. @returns whether it did */
  rise(reactive: number, floor: number, ceiling: number): boolean {
    if (reactive <= this.sizing.recommended || this.sizing.recommended >= ceiling) return false;
    const before = this.sizing.recommended;
    this.size(reactive, this.sizing.forecast, floor, ceiling);
    return this.sizing.recommended > before;
  }
}

function within(value: number, floor: number, ceiling: number): number {
  // What is a hair above a whole number by rounding is that number.
  return Math.min(ceiling, Math.max(floor, Math.ceil(value - 1e-6)));
}

/** The largest forecast of that quantile within the lead; null without one. @param at place among the quantiles */
export function quantileAhead(outlook: Outlook | null, lead: number, at: number): number | null {
  const within = (outlook?.ahead ?? []).filter(({ steps }) => steps <= lead);
  if (within.length === 0) return null;
  return Math.max(...within.map(({ quantiles }) => quantiles[at] ?? 0));
}
