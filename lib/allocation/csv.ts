/**
 * Usage and uses from CSV files. Usage: a time, a value in a named column, and maybe `missing`, where 1 marks what
 * nobody collected. Uses: `timestamp,model[,exec_seconds]`, one line each.
 */
import type { Observation } from '#lib/allocation/series.ts';
import type { Use } from '#lib/allocation/warmth/frontier.ts';
import { type Csv, TIMES_ALLOWED, timeMsOf } from '#lib/csv.ts';
import { SwitchgearError } from '#lib/errors.ts';

const NUMBER = /^\d+(\.\d+)?([eE][+-]?\d+)?$/;
const MAX_NAMED = 5;
const MAX_SHOWN = 40;

/** What is wrong with the lines of one file; the first few are named. */
class Faults {
  readonly #texts: string[] = [];
  #count = 0;

  add(line: number, column: string, value: string, allowed: string): void {
    this.#count += 1;
    if (this.#texts.length < MAX_NAMED)
      this.#texts.push(`line ${line}: ${column} ${JSON.stringify(value.slice(0, MAX_SHOWN))} ${allowed}`);
  }

  /** @throws SwitchgearError `bad_request` when there is any */
  check(): void {
    if (this.#count === 0) return;
    const more = this.#count - this.#texts.length;
    const rest = more === 0 ? '' : `; and ${more} more`;
    throw new SwitchgearError('bad_request', `csv: ${this.#texts.join('; ')}${rest}`, { field: 'csv' });
  }
}

/**
 * The values of a column, ascending in time; null where the line says that they are missing.
 * @throws SwitchgearError `bad_request` that names the columns there are, or the first bad lines
 */
export function readUsage(csv: Csv, column: string, timeColumn = 'timestamp'): Observation[] {
  const [time, value] = [columnOf(csv, timeColumn), columnOf(csv, column)];
  const missing = csv.columns.indexOf('missing');
  const faults = new Faults();
  const observations: Observation[] = [];
  let before = { line: 0, atS: Number.NEGATIVE_INFINITY };
  for (const { line, cells } of csv.rows) {
    const [at = '', shown = ''] = [cells[time], cells[value]];
    const atS = timeMsOf(at) / 1_000;
    if (Number.isNaN(atS)) {
      faults.add(line, timeColumn, at, TIMES_ALLOWED);
      continue;
    }
    if (atS <= before.atS) faults.add(line, timeColumn, at, `must be after that of line ${before.line}`);
    before = { line, atS };
    const isMissing = missing !== -1 && cells[missing] === '1';
    if (!isMissing && !NUMBER.test(shown)) faults.add(line, column, shown, 'must be a number of at least 0');
    observations.push({ atS, value: isMissing ? null : Number(shown) });
  }
  faults.check();
  if (observations.length < 2)
    throw new SwitchgearError('bad_request', 'csv: at least two lines with a time are needed', {
      field: 'csv',
    });
  return observations;
}

/** @throws SwitchgearError `bad_request` as `readUsage` does. @returns ascending in time */
export function readUses(csv: Csv): Use[] {
  const [time, model] = [columnOf(csv, 'timestamp'), columnOf(csv, 'model')];
  const exec = csv.columns.indexOf('exec_seconds');
  const faults = new Faults();
  const uses = csv.rows.map(({ line, cells }): Use => {
    const [at = '', name = '', busy = '0'] = [cells[time], cells[model], exec === -1 ? '0' : cells[exec]];
    const atS = timeMsOf(at) / 1_000;
    if (Number.isNaN(atS)) faults.add(line, 'timestamp', at, TIMES_ALLOWED);
    if (name === '') faults.add(line, 'model', name, 'must be a name');
    if (!NUMBER.test(busy)) faults.add(line, 'exec_seconds', busy, 'must be a number of at least 0');
    return { model: name, atS, busyS: Number(busy) };
  });
  faults.check();
  if (uses.length === 0)
    throw new SwitchgearError('bad_request', 'csv: at least one line is needed', { field: 'csv' });
  return uses.sort((a, b) => a.atS - b.atS);
}

/** @throws SwitchgearError `bad_request` */
function columnOf({ columns }: Csv, name: string): number {
  const at = columns.indexOf(name.toLowerCase());
  if (at !== -1) return at;
  const text = `csv: line 1: no column ${JSON.stringify(name)}; there is: ${columns.join(', ').slice(0, 300)}`;
  throw new SwitchgearError('bad_request', text, { field: 'csv' });
}
