/**
 * Arrival times from a CSV: a header line, a column `timestamp`, and maybe a column `requests` with the arrivals from
 * that time until the next line's. Times are ISO 8601, `YYYY-MM-DD HH:MM:SS` (UTC), or seconds.
 */
import { SwitchgearError } from '#lib/errors.ts';
import { seededRandom } from '#lib/lab/random.ts';

export const MAX_ARRIVALS = 1_000_000;
const MAX_SHOWN = 40;

interface Line {
  number: number;
  atMs: number;
  requests: number;
}

/**
 * Offsets from the first line's time in milliseconds, ascending; those of one line are spread evenly at random over the
 * time to the next.
 * @throws SwitchgearError `bad_request` that names the line, its value and what is allowed
 */
export function csvArrivals(csv: string, seed: number): number[] {
  const lines = readLines(csv);
  const [first] = lines;
  if (first === undefined) throw refused(2, '', 'at least one line with a time is needed');
  const total = lines.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) throw refused(2, '0', 'all its lines together must have at least one request');
  if (total > MAX_ARRIVALS)
    throw refused(1, String(total), `at most ${MAX_ARRIVALS} requests in all are allowed`);
  const random = seededRandom(seed);
  const offsets: number[] = [];
  lines.forEach(({ atMs, requests }, index) => {
    const next = lines[index + 1];
    const previous = lines[index - 1];
    // The last line lasts as long as the one before it.
    const lastsMs =
      next === undefined ? (previous === undefined ? 0 : atMs - previous.atMs) : next.atMs - atMs;
    const within = Array.from({ length: requests }, () => atMs - first.atMs + random() * lastsMs);
    offsets.push(...within.sort((a, b) => a - b));
  });
  return offsets;
}

function readLines(csv: string): Line[] {
  const [head = '', ...rows] = csv.split(/\r?\n/);
  const names = head.split(',').map((name) => name.trim().toLowerCase());
  const time = names.indexOf('timestamp');
  if (time === -1) throw refused(1, head, 'the header must have a column timestamp');
  const count = names.indexOf('requests');
  const lines: Line[] = [];
  rows.forEach((row, index) => {
    if (row.trim() === '') return;
    const number = index + 2;
    const cells = row.split(',');
    const atMs = timeOf(cells[time]?.trim() ?? '', number);
    const requests = count === -1 ? 1 : countOf(cells[count]?.trim() ?? '', number);
    const last = lines.at(-1);
    if (last !== undefined && atMs < last.atMs) {
      throw refused(number, cells[time] ?? '', `times must ascend, and line ${last.number} is later`);
    }
    lines.push({ number, atMs, requests });
  });
  return lines;
}

function timeOf(text: string, line: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const iso = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
  const ms = Date.parse(iso);
  if (Number.isNaN(ms))
    throw refused(line, text, 'timestamp must be ISO 8601, YYYY-MM-DD HH:MM:SS, or seconds');
  return ms;
}

function countOf(text: string, line: number): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw refused(line, text, 'requests must be a whole number from 0 on');
}

function refused(line: number, value: string, allowed: string): SwitchgearError {
  const shown = JSON.stringify(value.slice(0, MAX_SHOWN));
  return new SwitchgearError('bad_request', `csv: line ${line}: ${shown} is not allowed; ${allowed}`, {
    field: 'csv',
  });
}
