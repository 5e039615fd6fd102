/** The results of the forecast commands as plain text tables. */
import type { Provisioned } from '#lib/allocation/backtest/provisioning.ts';
import type { Backtest } from '#lib/allocation/backtest/walk-forward.ts';
import type { WarmthCost } from '#lib/allocation/warmth/frontier.ts';
import { table } from '../../bench/lib/table.ts';

const NONE = '–';
const number = (value: number | null, digits = 1) =>
  value === null ? NONE : value.toLocaleString('en', { maximumFractionDigits: digits });
const percent = (share: number | null, digits = 1) =>
  share === null ? NONE : `${(share * 100).toFixed(digits)} %`;

export function backtestTable(result: {
  origins: number;
  horizon_steps: number;
  step_s: number;
  methods: Backtest['methods'];
}): string {
  const rows = Object.entries(result.methods).map(([name, score]) => [
    name,
    number(score.mae, 2),
    number(score.mase, 3),
    number(score.pinball_90, 2),
    percent(score.coverage_90),
  ]);
  const ahead = `${result.horizon_steps} step(s) of ${result.step_s} s ahead, ${result.origins} origins`;
  return `${ahead}\n\n${table(['method', 'MAE', 'MASE', 'pinball 0.9', 'coverage of 90 %'], rows)}`;
}

export function provisionTable(result: {
  steps: number;
  policies: Readonly<Record<string, Provisioned>>;
}): string {
  const rows = Object.entries(result.policies).map(([name, policy]) => [
    name,
    number(policy.resource_minutes, 0),
    percent(policy.saved_of_static),
    percent(policy.under_provisioned_share, 2),
  ]);
  const head = ['policy', 'resource minutes', 'less than static', 'under-provisioned'];
  return `${result.steps} steps\n\n${table(head, rows)}`;
}

export function coldstartTable(result: {
  uses: number;
  models: number;
  fixed: readonly (WarmthCost & { keep_alive_minutes: number })[];
  ours: readonly (WarmthCost & { lambda_minutes: number; fixed_cold_starts_at_budget: number })[];
}): string {
  const fixed = result.fixed.map((each) => [
    `fixed ${each.keep_alive_minutes} min`,
    number(each.cold_starts),
    number(each.idle_warm_minutes, 0),
    '',
  ]);
  const ours = result.ours.map((each) => [
    `ours, λ ${each.lambda_minutes} min`,
    number(each.cold_starts),
    number(each.idle_warm_minutes, 0),
    number(each.fixed_cold_starts_at_budget),
  ]);
  const head = [
    'keep-alive',
    'cold starts',
    'idle-warm minutes',
    'cold starts of a fixed one at that budget',
  ];
  return `${result.uses} uses of ${result.models} models\n\n${table(head, [...fixed, ...ours])}`;
}
