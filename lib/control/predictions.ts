/** What operators and scripts ask of the allocator, and tell it. */

import { readUsage } from '#lib/allocation/csv.ts';
import { stepOf } from '#lib/allocation/series.ts';
import { GATEWAY_SERIES, modelSeries, type UsageRow } from '#lib/allocation/usage.ts';
import {
  type AllocationWhatIf,
  allocationWhatIfRequestSchema,
  type Frontier,
  type ImportResult,
  importRequestSchema,
  type PredictionSeries,
  type Predictions,
  predictionsPatchSchema,
  seriesQuerySchema,
} from '#lib/contracts/predictions.ts';
import type { Call } from '#lib/control/route.ts';
import { readCsv } from '#lib/csv.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { MAX_CONSOLE_BODY_BYTES } from '#lib/http/console-body.ts';

const WEEK_SEASONS = 7;
/** Older rows would be dropped at once. */
const KEPT_WEEKS = 2;

export const show = ({ runtime }: Pick<Call, 'runtime'>): Predictions => runtime.predictions.view();

/** Outlives a restart, until the configuration says something else. */
export async function update(call: Call): Promise<Predictions> {
  const { runtime, by } = call;
  const { reason, ...patch } = await call.body(predictionsPatchSchema);
  const before = runtime.predictions.settings;
  runtime.predictions.change(patch);
  runtime.audit({ action: 'operator_allocation', by, reason, before, after: runtime.predictions.settings });
  return runtime.predictions.view();
}

export async function series({ runtime, search }: Call): Promise<PredictionSeries> {
  const query = search(seriesQuerySchema);
  return runtime.predictions.series(query.series, query.metric, query.steps);
}

export async function whatIf(call: Call): Promise<AllocationWhatIf> {
  return call.runtime.predictions.whatIf(await call.body(allocationWhatIfRequestSchema));
}

export const frontier = ({ runtime }: Call): Promise<Frontier> => runtime.predictions.frontier();

export async function importHistory(call: Call): Promise<ImportResult> {
  const { runtime, by } = call;
  const { csv, column, upstream, model, align, reason } = await call.body(
    importRequestSchema,
    MAX_CONSOLE_BODY_BYTES,
  );
  const known = runtime.upstreams().map(({ name }) => name);
  if (upstream !== undefined && !known.includes(upstream)) {
    const text = `Unknown upstream '${upstream.slice(0, 100)}'; known are ${known.join(', ')}`;
    throw new SwitchgearError('not_found', text, { details: { known } });
  }
  const nowS = Date.now() / 1_000;
  const table = readCsv(csv);
  const requests = readUsage(table, column);
  const [demands, responses] = ['demand', 'response_ms'].map((name) =>
    table.columns.includes(name) ? readUsage(table, name) : null,
  );
  const name =
    upstream === undefined ? GATEWAY_SERIES : model === undefined ? upstream : modelSeries(upstream, model);
  const lastsS = Math.max(1, Math.round(stepOf(requests)));
  const moveS =
    align === 'recent' ? weeksToRecent(runtime.predictions.seasonS, nowS - (requests.at(-1)?.atS ?? 0)) : 0;
  const rows = requests.flatMap(({ atS, value }, at): UsageRow[] => {
    if (value === null) return [];
    const responseMs = responses?.[at]?.value ?? null;
    // Little's law, where only the time of an answer is known.
    const demand =
      demands?.[at]?.value ?? (responseMs === null ? null : ((value / lastsS) * responseMs) / 1_000);
    return [{ series: name, atS: Math.round(atS + moveS), lastsS, requests: value, demand, responseMs }];
  });
  const iso = (atS: number) => new Date(atS * 1_000).toISOString();
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined)
    throw new SwitchgearError('bad_request', 'csv: every line is missing', { field: 'csv' });
  const oldestS = nowS - KEPT_WEEKS * WEEK_SEASONS * runtime.predictions.seasonS;
  if (last.atS < oldestS || last.atS > nowS + lastsS) {
    const text = `csv: ends at ${iso(last.atS)}; it must end within the last ${KEPT_WEEKS * WEEK_SEASONS} seasons (since ${iso(oldestS)}), or align must be recent`;
    throw new SwitchgearError('bad_request', text, { field: 'csv' });
  }
  const imported = await runtime.predictions.import(rows);
  const result = { rows: rows.length, imported, from: iso(first.atS), to: iso(last.atS) };
  runtime.audit({
    action: 'operator_import',
    component: upstream,
    by,
    reason,
    after: { series: name, ...result },
  });
  return { ...result, history_size: runtime.predictions.view().history_size };
}

/** Whole weeks, so that hours and weekdays stay what they are. */
function weeksToRecent(seasonS: number, agoS: number): number {
  const weekS = WEEK_SEASONS * seasonS;
  return Math.floor(agoS / weekS) * weekS;
}
