/** What the forecast is to reach. */
import type { Provisioned } from '#lib/allocation/backtest/provisioning.ts';
import type { Backtest } from '#lib/allocation/backtest/walk-forward.ts';
import type { WarmthCost } from '#lib/allocation/warmth/frontier.ts';
import type { Verdict } from '../breaker/goals.ts';
import type { Compared } from './live.ts';

export interface Figures {
  readonly tested: readonly (Pick<Backtest, 'methods'> & { name: string; horizonSteps: number })[];
  readonly provisioned: readonly (Provisioned & { name: string })[];
  readonly frontier: { readonly ours: readonly (WarmthCost & { minutes: number; fixed: number })[] };
  readonly refit: { readonly seconds: number; readonly maxDelayMs: number };
  readonly compared: Compared;
}

const COVERAGE = [0.88, 0.92] as const;
const MOST_MAE: Readonly<Record<string, number>> = { 'm-small, 10 min': 68_900, 'ELB, 15 min': 77.1 };
const LEAST_SAVED = 0.4;
const MOST_UNDER = 0.01;
const MOST_SECONDS = 1;
const MOST_DELAY_MS = 20;

export function judge({ tested, provisioned, frontier, refit, compared }: Figures): Verdict[] {
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  const elb = provisioned.find(({ name }) => name === 'ELB, 5 min');
  const above = frontier.ours.filter((each) => each.cold_starts > each.fixed);
  return [
    ...tested.flatMap(({ name, horizonSteps, methods }): Verdict[] => {
      const { ours, ...baselines } = methods;
      const best = Math.min(...Object.values(baselines).map(({ mae }) => mae ?? Number.POSITIVE_INFINITY));
      const mae = ours.mae ?? Number.POSITIVE_INFINITY;
      const most = horizonSteps === 1 ? MOST_MAE[name] : undefined;
      const coverage = ours.coverage_90 ?? 0;
      const what = `${name}, ${horizonSteps} step(s) ahead`;
      return [
        {
          goal: `${what}: MAE below every baseline`,
          measured: `${mae.toFixed(2)} against ${best.toFixed(2)}`,
          reached: mae < best,
        },
        ...(most === undefined
          ? []
          : [{ goal: `${what}: MAE at most ${most}`, measured: mae.toFixed(2), reached: mae <= most }]),
        {
          goal: `${what}: the 90 % band holds 88 to 92 %`,
          measured: percent(coverage),
          reached: coverage >= COVERAGE[0] && coverage <= COVERAGE[1],
        },
      ];
    }),
    {
      goal: 'ELB, 5 min: at least 40 % under static peak, at most 1 % of steps too small',
      measured: `${percent(elb?.saved_of_static ?? 0)}, ${percent(elb?.under_provisioned_share ?? 1)}`,
      reached:
        (elb?.saved_of_static ?? 0) >= LEAST_SAVED && (elb?.under_provisioned_share ?? 1) <= MOST_UNDER,
    },
    {
      goal: 'cold starts at most those of a fixed keep-alive at every budget',
      measured:
        above.length === 0 ? 'at every λ' : `above at λ ${above.map(({ minutes }) => minutes).join(', ')}`,
      reached: above.length === 0,
    },
    {
      goal: '50 series × 7 days of minutes refitted within 1 s',
      measured: `${refit.seconds.toFixed(2)} s`,
      reached: refit.seconds <= MOST_SECONDS,
    },
    {
      goal: 'without an event-loop delay over 20 ms',
      measured: `${refit.maxDelayMs.toFixed(1)} ms`,
      reached: refit.maxDelayMs <= MOST_DELAY_MS,
    },
    {
      goal: 'live: fewer cold starts than under the own keep-alive of the server',
      measured: `${compared.act.cold_starts} against ${compared.server.cold_starts}, for ${compared.act.idle_warm_minutes.toFixed(2)} against ${compared.server.idle_warm_minutes.toFixed(2)} idle minutes`,
      reached: compared.act.cold_starts < compared.server.cold_starts,
    },
  ];
}
