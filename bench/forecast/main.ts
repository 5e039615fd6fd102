/** The forecast benchmark: walk-forward and frontier on recorded traces, the time of a refit, and a live comparison. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { provision } from '#lib/allocation/backtest/provisioning.ts';
import { METHODS, walkForward } from '#lib/allocation/backtest/walk-forward.ts';
import { Calendar } from '#lib/allocation/calendar.ts';
import { Forecasts } from '#lib/allocation/live/forecasts.ts';
import type { UsageRow } from '#lib/allocation/usage.ts';
import { fixedAtBudget, fixedCost, LAMBDA_MINUTES, learnedCost } from '#lib/allocation/warmth/frontier.ts';
import { smallOptions } from '../lib/options.ts';
import { median } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import { judge } from './goals.ts';
import { live } from './live.ts';
import { clientGaps, FOLDER, missingTraces, traces } from './traces.ts';

const ROUNDS = 5;
const SERIES = 50;
const MINUTES = 7 * 1_440;
const FIXED = [5, 10, 20, 30, 60, 120, 240, 480] as const;
const say = (line: string) => process.stdout.write(`${line}\n`);

/** @returns the exit code */
export async function runForecastBench(args: string[]): Promise<number> {
  const options = smallOptions('forecast', 'half a short day of the live comparison instead of two', args);
  if (typeof options === 'number') return options;
  const missing = missingTraces();
  if (missing.length > 0) {
    say(`skipped: ${missing.join(', ')} not in ${FOLDER}; SWITCHGEAR_TRACES names another folder`);
    return 0;
  }
  const tested = backtests();
  const provisioned = provisioning();
  const frontier = frontiers();
  const refit = await refits();
  const compared = await live(options.quick ? 150 : 600, say);
  const verdicts = judge({ tested, provisioned, frontier, refit, compared });
  say('');
  for (const { goal, measured, reached } of verdicts)
    say(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}`);
  mkdirSync(dirname(options.json), { recursive: true });
  const result = { at: new Date().toISOString(), tested, provisioned, frontier, refit, compared, verdicts };
  writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  say(`written to ${options.json}`);
  return 0;
}

function backtests() {
  return traces().flatMap(({ name, series, historySteps, seasonS }) => {
    const hour = Math.round(3_600 / series.stepS);
    const horizons = historySteps > hour ? [1, hour] : [1];
    return horizons.map((horizonSteps) => {
      const calendar = new Calendar(seasonS);
      const result = walkForward(series, { calendar, horizonSteps, historySteps });
      const minutes = (horizonSteps * series.stepS) / 60;
      say(
        `\n${name}, ${minutes < 1 ? `${series.stepS} s` : `${minutes} min`} ahead, ${result.origins} origins`,
      );
      const rows = METHODS.map((method) => {
        const { mae, mase, pinball_90, coverage_90 } = result.methods[method];
        const figure = (value: number | null, digits: number) =>
          value === null ? '–' : value.toFixed(digits);
        const coverage = coverage_90 === null ? '–' : `${(coverage_90 * 100).toFixed(1)} %`;
        return [method, figure(mae, 2), figure(mase, 3), figure(pinball_90, 2), coverage];
      });
      say(table(['method', 'MAE', 'MASE', 'pinball 0.9', 'band of 90 %'], rows));
      return { name, horizonSteps, ...result };
    });
  });
}

function provisioning() {
  const found = traces().filter(({ name }) => !name.startsWith('Azure'));
  return found.map(({ name, series, historySteps, seasonS }) => {
    const options = { calendar: new Calendar(seasonS), historySteps, quantile: 0.99 };
    const { policies } = provision(series, options);
    const percent = (share: number | null) => `${((share ?? 0) * 100).toFixed(2)} %`;
    say(`\n${name}: provided step by step`);
    const rows = Object.entries(policies).map(([policy, each]) => [
      policy,
      percent(each.saved_of_static),
      percent(each.under_provisioned_share),
    ]);
    say(table(['policy', 'less than static', 'under-provisioned'], rows));
    return { name, ...policies.ours };
  });
}

function frontiers() {
  const { gaps, halfS } = clientGaps();
  const fixed = FIXED.map((minutes) => ({ minutes, ...fixedCost(gaps, minutes * 60, halfS) }));
  const ours = LAMBDA_MINUTES.map((minutes) => {
    const cost = learnedCost(gaps, minutes * 60, { calendar: new Calendar(), countFromS: halfS });
    return { minutes, ...cost, fixed: fixedAtBudget(gaps, cost.idle_warm_minutes, halfS) };
  });
  say('\ncold starts of 32 sparse clients, second week');
  say(
    table(
      ['keep-alive', 'cold starts', 'idle-warm minutes', 'fixed at that budget'],
      [
        ...fixed.map((each) => [
          `fixed ${each.minutes} min`,
          String(each.cold_starts),
          each.idle_warm_minutes.toFixed(0),
          '',
        ]),
        ...ours.map((each) => [
          `learned, λ ${each.minutes} min`,
          String(each.cold_starts),
          each.idle_warm_minutes.toFixed(0),
          String(each.fixed),
        ]),
      ],
    ),
  );
  return { fixed, ours };
}

/** Seven days of minutes of 50 series, told to the worker at once, while this thread's event loop is watched. */
async function refits() {
  const rows = refitRows();
  const took: number[] = [];
  const delays: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const forecasts = new Forecasts(
      { stepS: 300, seasonS: 86_400, timezone: 'UTC', quantile: 0.99 },
      () => {},
    );
    await forecasts.ask('outlooks');
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedAt = performance.now();
    // In pages, as a server does it at its start: one message of all would block the thread that sends it.
    for (const page of rows) await forecasts.ask('observe', page);
    await forecasts.ask('outlooks');
    took.push(performance.now() - startedAt);
    delay.disable();
    delays.push(delay.max / 1e6);
    await forecasts.close();
  }
  const result = { seconds: median(took) / 1_000, maxDelayMs: median(delays) };
  say(
    `\n${SERIES} series × 7 days of minutes refitted in ${result.seconds.toFixed(2)} s, longest event-loop delay ${result.maxDelayMs.toFixed(1)} ms (medians of ${ROUNDS})`,
  );
  return result;
}

function refitRows(): UsageRow[][] {
  const chunks: UsageRow[][] = [];
  const MINUTES_AT_A_TIME = 60;
  for (let from = 0; from < MINUTES; from += MINUTES_AT_A_TIME) {
    const chunk: UsageRow[] = [];
    for (let minute = from; minute < from + MINUTES_AT_A_TIME; minute += 1)
      for (let series = 0; series < SERIES; series += 1) {
        const usual = 100 + 80 * Math.sin((2 * Math.PI * (minute + 37 * series)) / 1_440);
        const requests = Math.round(
          usual * (0.7 + (0.6 * ((minute * 7_919 + series * 104_729) % 1_000)) / 1_000),
        );
        chunk.push({
          series: `up/model-${series}`,
          atS: minute * 60,
          lastsS: 60,
          requests,
          demand: null,
          responseMs: null,
        });
      }
    chunks.push(chunk);
  }
  return chunks;
}
