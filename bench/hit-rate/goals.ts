/** What hit ratios are to reach. */
import type { Verdict } from '../breaker/goals.ts';

export interface HitRate {
  readonly name: string;
  readonly ours: number;
  readonly optimal: number;
}

const OF_OPTIMAL = 0.9;
const LEAST: Readonly<Record<string, number>> = { FAQ: 0.6, 're-index': 0.6 };

export function judge(rates: readonly HitRate[]): Verdict[] {
  return rates.flatMap(({ name, ours, optimal }) => {
    const share = ours / optimal;
    const least = LEAST[name];
    const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
    return [
      { goal: `${name}: at least 90 % of OPT`, measured: percent(share), reached: share >= OF_OPTIMAL },
      ...(least === undefined
        ? []
        : [{ goal: `${name}: over ${percent(least)} hits`, measured: percent(ours), reached: ours > least }]),
    ];
  });
}
