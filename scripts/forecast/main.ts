/** What `npm run forecast` runs: answers on stdout, everything else on stderr. */
import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { provision } from '#lib/allocation/backtest/provisioning.ts';
import { walkForward } from '#lib/allocation/backtest/walk-forward.ts';
import { Calendar } from '#lib/allocation/calendar.ts';
import { readUsage, readUses } from '#lib/allocation/csv.ts';
import { type Series, seriesOf, stepOf } from '#lib/allocation/series.ts';
import {
  FIXED_MINUTES,
  fixedAtBudget,
  fixedCost,
  gapsOf,
  LAMBDA_MINUTES,
  learnedCost,
} from '#lib/allocation/warmth/frontier.ts';
import { readCsv } from '#lib/csv.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { backtestTable, coldstartTable, provisionTable } from './tables.ts';

/** Of sysexits.h. */
const EX_USAGE = 64;
const EX_DATAERR = 65;
const EX_NOINPUT = 66;
const EX_UNAVAILABLE = 69;

const USAGE = `usage:
  npm run forecast -- backtest  --csv FILE --column NAME [--time timestamp] [--horizon-steps 1] [--season-steps N]
                                [--history-days 7] [--json]
  npm run forecast -- provision --csv FILE --column NAME [--time timestamp] [--lead-steps 1] [--season-steps N]
                                [--history-days 7] [--quantile 0.99] [--json]
  npm run forecast -- coldstart --csv FILE [--learn-days 0] [--json]
  npm run forecast -- import    --csv FILE [--column requests] [--url http://127.0.0.1:8003] [--upstream NAME]
                                [--model NAME] [--align as_is|recent] [--json]

FILE is a CSV with a header. backtest and provision read a time (ISO 8601, YYYY-MM-DD HH:MM:SS, or seconds) and a value
of at least 0 a line, and leave out lines whose column missing is 1; a season is a day unless --season-steps says
otherwise. coldstart reads timestamp,model[,exec_seconds], one line for each use. --json prints JSON alone; with
"npm run -s" nothing stands before it. import hands recorded usage to a running server, whose admin token, if it has one, is
read from SWITCHGEAR_ADMIN_TOKEN.
`;

const DAY_S = 86_400;
const MAX_FILE_MB = 512;

class UsageError extends Error {}
class UnreachableError extends Error {}

type Done = { result: unknown; table: string };

const COMMANDS: Record<string, (args: string[]) => Done | Promise<Done>> = {
  backtest,
  provision: provisioning,
  coldstart,
  import: importHistory,
};

async function main(): Promise<number> {
  const [name = '', ...args] = process.argv.slice(2);
  if (['', 'help', '--help', '-h'].includes(name)) {
    process.stdout.write(USAGE);
    return name === '' ? EX_USAGE : 0;
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined)
      throw new UsageError(
        `unknown command ${JSON.stringify(name)}; there is: ${Object.keys(COMMANDS).join(', ')}`,
      );
    const asJson = args.includes('--json');
    const { result, table } = await command(args.filter((each) => each !== '--json'));
    process.stdout.write(asJson ? `${JSON.stringify(result, null, 2)}\n` : `${table}\n`);
    return 0;
  } catch (thrown) {
    if (thrown instanceof UsageError) {
      process.stderr.write(`${thrown.message}\n\n${USAGE}`);
      return EX_USAGE;
    }
    if (thrown instanceof UnreachableError) {
      process.stderr.write(`${thrown.message}\n`);
      return EX_UNAVAILABLE;
    }
    if (thrown instanceof SwitchgearError) {
      process.stderr.write(`${thrown.message}\n`);
      return EX_DATAERR;
    }
    if (thrown instanceof Error && 'code' in thrown && 'path' in thrown) {
      process.stderr.write(`--csv: ${thrown.message}\n`);
      return EX_NOINPUT;
    }
    throw thrown;
  }
}

function backtest(args: string[]) {
  const options = optionsOf(args, ['csv', 'column', 'time', 'horizon-steps', 'season-steps', 'history-days']);
  const { series, calendar, historySteps, facts } = usage(options);
  const horizonSteps = numberOf(options, 'horizon-steps', 1, { least: 1, most: 10_000, whole: true });
  say(`walking forward over ${series.values.length} steps of ${series.stepS} s`);
  const tested = walkForward(series, { calendar, horizonSteps, historySteps });
  const result = {
    command: 'backtest',
    ...facts,
    horizon_steps: horizonSteps,
    origins: tested.origins,
    mase_scale: tested.mase_scale,
    methods: tested.methods,
  };
  return { result, table: backtestTable(result) };
}

function provisioning(args: string[]) {
  const names = ['csv', 'column', 'time', 'lead-steps', 'season-steps', 'history-days', 'quantile'];
  const options = optionsOf(args, names);
  const { series, calendar, historySteps, facts } = usage(options);
  const leadSteps = numberOf(options, 'lead-steps', 1, { least: 1, most: 10_000, whole: true });
  const quantile = numberOf(options, 'quantile', 0.99, { least: 0.5, most: 0.9999, whole: false });
  say(`deciding ${series.values.length} steps of ${series.stepS} s`);
  const { steps, policies } = provision(series, { calendar, historySteps, quantile, leadSteps });
  const result = { command: 'provision', ...facts, lead_steps: leadSteps, quantile, steps, policies };
  return { result, table: provisionTable(result) };
}

function coldstart(args: string[]) {
  const options = optionsOf(args, ['csv', 'learn-days']);
  const uses = readUses(readCsv(textOf(options)));
  const learnDays = numberOf(options, 'learn-days', 0, { least: 0, most: 3_650, whole: false });
  const firstS = uses[0]?.atS ?? 0;
  const countFromS = firstS + learnDays * DAY_S;
  const gaps = gapsOf(uses);
  const fixed = FIXED_MINUTES.map((minutes) => ({
    keep_alive_minutes: minutes,
    ...fixedCost(gaps, minutes * 60, countFromS),
  }));
  const ours = LAMBDA_MINUTES.map((minutes, index) => {
    say(`λ = ${minutes} idle minutes for a cold start (${index + 1} of ${LAMBDA_MINUTES.length})`);
    const cost = learnedCost(gaps, minutes * 60, { calendar: new Calendar(), countFromS });
    const budget = fixedAtBudget(gaps, cost.idle_warm_minutes, countFromS);
    return { lambda_minutes: minutes, ...cost, fixed_cold_starts_at_budget: budget };
  });
  const models = new Set(uses.map(({ model }) => model)).size;
  const result = { command: 'coldstart', uses: uses.length, models, learn_days: learnDays, fixed, ours };
  return { result, table: coldstartTable(result) };
}

async function importHistory(args: string[]): Promise<Done> {
  const options = optionsOf(args, ['csv', 'column', 'url', 'upstream', 'model', 'align']);
  const { url = 'http://127.0.0.1:8003', csv: _, ...rest } = options;
  const token = process.env.SWITCHGEAR_ADMIN_TOKEN;
  const target = `${url.replace(/\/+$/, '')}/api/predictions/import`;
  let response: Response;
  const body = JSON.stringify({ ...rest, csv: textOf(options) });
  try {
    response = await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
    });
  } catch {
    throw new UnreachableError(`no server answers at ${target}`);
  }
  const answer = (await response.json()) as { error?: { message?: string } } & Record<string, unknown>;
  if (!response.ok)
    throw new SwitchgearError('bad_request', answer.error?.message ?? `status ${response.status}`);
  return {
    result: answer,
    table: `${answer.imported} of ${answer.rows} rows were new, from ${answer.from} to ${answer.to}`,
  };
}

function usage(options: Options) {
  const column = options.column ?? '';
  if (column === '') throw new UsageError('--column is required: the column that has the values');
  const observations = readUsage(readCsv(textOf(options)), column, options.time ?? 'timestamp');
  const stepS = stepOf(observations);
  let series: Series;
  try {
    series = seriesOf(observations, stepS);
  } catch (thrown) {
    throw new SwitchgearError('bad_request', `csv: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  const seasonSteps = numberOf(options, 'season-steps', Math.max(1, Math.round(DAY_S / stepS)), {
    least: 1,
    most: 100_000,
    whole: true,
  });
  const historyDays = numberOf(options, 'history-days', 7, { least: 0, most: 3_650, whole: false });
  const historySteps = Math.round((historyDays * DAY_S) / stepS);
  if (historySteps >= series.values.length) {
    const days = ((series.values.length * stepS) / DAY_S).toFixed(2);
    throw new UsageError(`--history-days ${historyDays} leaves nothing to score: the file has ${days} days`);
  }
  const facts = {
    column,
    rows: observations.length,
    steps_in_file: series.values.length,
    gaps: series.values.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0),
    step_s: stepS,
    season_steps: seasonSteps,
    history_days: historyDays,
  };
  return { series, calendar: new Calendar(seasonSteps * stepS), historySteps, facts };
}

type Options = Readonly<Record<string, string | undefined>>;

function optionsOf(args: string[], names: readonly string[]): Options {
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    names.map((name) => [name, { type: 'string' }]),
  );
  try {
    return parseArgs({ args, options, strict: true }).values as Options;
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function textOf({ csv }: Options): string {
  if (csv === undefined) throw new UsageError('--csv is required: the file to read');
  const bytes = readFileSync(csv);
  if (bytes.length > MAX_FILE_MB * 1024 * 1024)
    throw new SwitchgearError('bad_request', `csv: the file is larger than ${MAX_FILE_MB} MB`);
  return bytes.toString('utf8');
}

function numberOf(
  options: Options,
  name: string,
  otherwise: number,
  { least, most, whole }: { least: number; most: number; whole: boolean },
): number {
  const text = options[name];
  if (text === undefined) return otherwise;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  throw new UsageError(`--${name}: ${JSON.stringify(text)} is not allowed; ${kind} from ${least} to ${most}`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exitCode = await main();
