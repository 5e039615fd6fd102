/**
 * What capacity costs and whether it suffices, step by step, each decided before the step from what came before it:
 *
 *   static    the largest demand of the scored steps, all the time: what one would have to know in advance
 *   reactive  the last demand over a utilisation of 0.7, as an autoscaler does it
 *   reactive_headroom  the last demand times the factor that had kept 99 % of the history's steps provisioned
 *   ours      max(last demand, 0.99 quantile of the forecast), out at once, in slowly
 */

import type { Calendar } from '#lib/allocation/calendar.ts';
import { Forecaster } from '#lib/allocation/forecast/forecaster.ts';
import type { Series } from '#lib/allocation/series.ts';
import { Stepped } from '#lib/allocation/stepped.ts';

export const POLICIES = ['static', 'reactive', 'reactive_headroom', 'ours'] as const;
export type PolicyName = (typeof POLICIES)[number];

export interface Provisioned {
  /** Sum of what was provided, in units of the series times minutes. */
  readonly resource_minutes: number;
  /** 0..1: what it needs less than static; negative when more. */
  readonly saved_of_static: number | null;
  readonly under_provisioned_steps: number;
  /** 0..1 */
  readonly under_provisioned_share: number | null;
}

export interface Provisioning {
  readonly steps: number;
  readonly policies: Readonly<Record<PolicyName, Provisioned>>;
}

export interface ProvisioningOptions {
  readonly calendar: Calendar;
  readonly historySteps: number;
  readonly quantile: number;
  /** Steps ahead that a decision has to be taken. */
  readonly leadSteps?: number;
}

export const REACTIVE_UTILISATION = 0.7;
const COVERED = 0.99;

export function provision(series: Series, options: ProvisioningOptions): Provisioning {
  const { calendar, historySteps, quantile, leadSteps = 1 } = options;
  const { stepS, fromS, values } = series;
  const firstS = Math.round(fromS / stepS) * stepS;
  const forecaster = new Forecaster({ stepS, calendar, horizons: [leadSteps], quantiles: [quantile] });
  const stepped = new Stepped();
  const rows: { demand: number; last: number; ours: number }[] = [];
  const ratios: number[] = [];
  /** Demands as they were known when a step was decided, the oldest first. */
  const known: number[] = [];
  values.forEach((value, index) => {
    const isObserved = !Number.isNaN(value);
    const [forecast = null] = forecaster.observe(firstS + index * stepS, isObserved ? value : null);
    const last = known.at(-leadSteps) ?? null;
    if (last !== null && isObserved && index < historySteps && last > 0) ratios.push(value / last);
    if (last !== null && forecast !== null && index >= historySteps) {
      const ours = stepped.next(Math.max(last, forecast.quantiles[0] ?? 0));
      if (isObserved) rows.push({ demand: value, last, ours });
    }
    known.push(isObserved ? value : (known.at(-1) ?? 0));
  });
  ratios.sort((a, b) => a - b);
  const factor = Math.max(1, ratios[Math.floor(COVERED * ratios.length)] ?? 1);
  const peak = rows.reduce((most, { demand }) => Math.max(most, demand), 0);
  const provided: Record<PolicyName, (row: (typeof rows)[number]) => number> = {
    static: () => peak,
    reactive: ({ last }) => last / REACTIVE_UTILISATION,
    reactive_headroom: ({ last }) => last * factor,
    ours: ({ ours }) => ours,
  };
  const policies = POLICIES.map((name) => {
    const sum = rows.reduce((total, row) => total + provided[name](row), 0);
    const under = rows.filter((row) => row.demand > provided[name](row)).length;
    const isNothing = rows.length === 0 || peak === 0;
    const result: Provisioned = {
      resource_minutes: (sum * stepS) / 60,
      saved_of_static: isNothing ? null : 1 - sum / (peak * rows.length),
      under_provisioned_steps: under,
      under_provisioned_share: rows.length === 0 ? null : under / rows.length,
    };
    return [name, result] as const;
  });
  return { steps: rows.length, policies: Object.fromEntries(policies) as Provisioning['policies'] };
}
