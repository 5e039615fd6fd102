/** Recorded traces, as series and as uses of models. They are no part of the project: without them nothing is measured. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readUsage } from '#lib/allocation/csv.ts';
import { type Series, seriesOf, stepOf } from '#lib/allocation/series.ts';
import type { Gap } from '#lib/allocation/warmth/frontier.ts';
import { readCsv } from '#lib/csv.ts';

export const FOLDER = process.env.SWITCHGEAR_TRACES ?? join(import.meta.dirname, '../../../shared/traces');
const MINUTE = 60;
const BUCKET_MIN = 10;
/** A client with as many requests in a window is busy all of it. */
const BUSY_REQUESTS = 10;

export interface Trace {
  readonly name: string;
  readonly series: Series;
  /** Steps before the first that is scored: parameters were set on them. */
  readonly historySteps: number;
  readonly seasonS: number;
}

export function missingTraces(): string[] {
  const files = [
    'nab_elb_request_count_5min.csv',
    'servegen_m-small_10min.csv',
    'servegen_m-small_clients_10min.csv',
  ];
  return [...files, 'azure_llm2023_conv_1s.csv'].filter((file) => !existsSync(join(FOLDER, file)));
}

const text = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

export function traces(): Trace[] {
  const elb = readUsage(readCsv(text('nab_elb_request_count_5min.csv')), 'requests');
  const small = readUsage(readCsv(text('servegen_m-small_10min.csv')), 'requests');
  const azure = readUsage(readCsv(text('azure_llm2023_conv_1s.csv')), 'requests');
  const elbSeries = seriesOf(elb, stepOf(elb));
  const week = (series: Series) => Math.round((7 * 86_400) / series.stepS);
  const ofDays = (name: string, series: Series): Trace => ({
    name,
    series,
    historySteps: week(series),
    seasonS: 86_400,
  });
  const minutes = summed(elbSeries, 3, 900);
  const tens = perStep(azure, 10);
  return [
    ofDays('ELB, 15 min', minutes),
    ofDays('ELB, 5 min', elbSeries),
    ofDays('m-small, 10 min', seriesOf(small, stepOf(small))),
    // An hour has no season: its first half is history, and a quarter of an hour stands for one.
    { name: 'Azure, 10 s', series: tens, historySteps: Math.floor(tens.values.length / 2), seasonS: 900 },
  ];
}

/** Gaps between uses of each client's model. Those over a window that was not collected are left out. */
export function clientGaps(): { gaps: Gap[]; halfS: number } {
  const { columns, rows } = readCsv(text('servegen_m-small_clients_10min.csv'));
  const missing = columns.indexOf('missing');
  const clients = columns.slice(missing + 1);
  const isMissing = rows.map(({ cells }) => cells[missing] === '1');
  const gaps: Gap[] = [];
  for (const [at, model] of clients.entries()) {
    let idleFrom: number | null = null;
    rows.forEach(({ cells }, bucket) => {
      if (isMissing[bucket]) {
        idleFrom = null;
        return;
      }
      const count = Number(cells[missing + 1 + at]);
      const isBusy = count >= BUSY_REQUESTS;
      for (let use = 0; use < (isBusy ? 1 : count); use += 1) {
        const startMin = bucket * BUCKET_MIN + (use * BUCKET_MIN) / Math.max(1, count);
        if (idleFrom !== null && startMin > idleFrom)
          gaps.push({ model, idleFromS: idleFrom * MINUTE, startS: startMin * MINUTE });
        idleFrom = startMin + (isBusy ? BUCKET_MIN : 0);
      }
    });
  }
  gaps.sort((a, b) => a.startS - b.startS);
  return { gaps, halfS: 7 * 86_400 };
}

/** Sums of so many steps; a sum that lacks some is scaled up from the others. */
function summed({ fromS, stepS, values }: Series, by: number, newStepS: number): Series {
  const sums = Array.from({ length: Math.floor(values.length / by) }, (_, at) => {
    const part = [...values.slice(at * by, (at + 1) * by)].filter((value) => !Number.isNaN(value));
    return part.length === 0 ? Number.NaN : (part.reduce((sum, value) => sum + value, 0) * by) / part.length;
  });
  if (stepS * by !== newStepS) throw new Error(`${by} steps of ${stepS} s are not ${newStepS} s`);
  return { fromS, stepS: newStepS, values: Float64Array.from(sums) };
}

/** Lines are there only for seconds that have requests: a second without a line had none. */
function perStep(lines: readonly { atS: number; value: number | null }[], stepS: number): Series {
  const fromS = Math.floor((lines[0]?.atS ?? 0) / stepS) * stepS;
  const steps = Math.floor(((lines.at(-1)?.atS ?? 0) - fromS) / stepS);
  const values = new Float64Array(steps);
  for (const { atS, value } of lines) {
    const at = Math.floor((atS - fromS) / stepS);
    if (at < steps) values[at] = (values[at] ?? 0) + (value ?? 0);
  }
  return { fromS, stepS, values };
}
