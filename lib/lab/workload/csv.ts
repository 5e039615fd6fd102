/**
 * Arrival times from a CSV: a header line, a column `timestamp`, and maybe a column `requests` with the arrivals from
 * that time until the next line's. Times are ISO 8601, `YYYY-MM-DD HH:MM:SS` (both UTC without a zone), or seconds.
 */
import { readCsv, TIMES_ALLOWED, timeMsOf } from '#lib/csv.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { seededRandom } from '#lib/lab/random.ts';

const MAX_REQUESTS_PER_LINE = 1_000_000_000;
const MAX_SHOWN = 40;

/** One line: so many arrivals, from that offset on and for so long. */
export interface Stretch {
  readonly fromMs: number;
  readonly lastsMs: number;
  readonly requests: number;
}

export interface Recording {
  /** In order, the first from 0 on. As many as the text has lines, which its schema bounds. */
  readonly stretches: readonly Stretch[];
  /** Arrivals in all. */
  readonly requests: number;
  readonly lastsMs: number;
}

/** @throws SwitchgearError `bad_request` that names the line, its value and what is allowed */
export function readRecording(csv: string): Recording {
  const lines = readLines(csv);
  const [first] = lines;
  if (first === undefined) throw refused(2, '', 'at least one line with a time is needed');
  const stretches = lines.map(({ atMs, requests }, index): Stretch => {
    const next = lines[index + 1];
    const previous = lines[index - 1];
    // The last line lasts as long as the one before it.
    const lastsMs = next !== undefined ? next.atMs - atMs : previous === undefined ? 0 : atMs - previous.atMs;
    return { fromMs: atMs - first.atMs, lastsMs, requests };
  });
  const requests = stretches.reduce((sum, stretch) => sum + stretch.requests, 0);
  if (requests === 0) throw refused(2, '0', 'all its lines together must have at least one request');
  const last = stretches.at(-1);
  return { stretches, requests, lastsMs: (last?.fromMs ?? 0) + (last?.lastsMs ?? 0) };
}

/**
 * Offsets from the first line's time in milliseconds, ascending, at the speed of the recording. Those of one line are
 * uniform over its time; they are drawn in their order, each as the least of those that are left, so that a line of
 * any length needs no memory: of n uniform on [a, b) the least is a + (b - a) · (1 - U^(1/n)).
 */
export function* recordedArrivals({ stretches }: Recording, seed: number): Generator<number> {
  const random = seededRandom(seed);
  for (const { fromMs, lastsMs, requests } of stretches) {
    let share = 0;
    for (let left = requests; left > 0; left--) {
      share += (1 - share) * (1 - (1 - random()) ** (1 / left));
      yield fromMs + share * lastsMs;
    }
  }
}

/** Arrivals per second that the recording has at that offset, at its own speed. */
export function recordedRateAt({ stretches }: Recording, offsetMs: number): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stretches[middle]?.fromMs ?? 0) <= offsetMs) low = middle + 1;
    else high = middle;
  }
  const stretch = stretches[low - 1];
  if (stretch === undefined || offsetMs >= stretch.fromMs + stretch.lastsMs) return 0;
  return (stretch.requests / stretch.lastsMs) * 1_000;
}

interface Line {
  number: number;
  atMs: number;
  requests: number;
}

function readLines(csv: string): Line[] {
  const { header, columns, rows } = readCsv(csv);
  const time = columns.indexOf('timestamp');
  if (time === -1) throw refused(1, header, 'the header must have a column timestamp');
  const count = columns.indexOf('requests');
  const lines: Line[] = [];
  let last: Line | undefined;
  for (const { line: number, cells } of rows) {
    const atMs = timeOf(cells[time] ?? '', number);
    const requests = count === -1 ? 1 : countOf(cells[count] ?? '', number);
    if (last !== undefined && atMs < last.atMs) {
      throw refused(number, cells[time] ?? '', `times must ascend, and line ${last.number} is later`);
    }
    last = { number, atMs, requests };
    lines.push(last);
  }
  return lines;
}

function timeOf(text: string, line: number): number {
  const ms = timeMsOf(text);
  if (Number.isNaN(ms) || ms < 0) throw refused(line, text, `timestamp ${TIMES_ALLOWED}`);
  return ms;
}

function countOf(text: string, line: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count <= MAX_REQUESTS_PER_LINE) return count;
  throw refused(line, text, `requests must be a whole number from 0 to ${MAX_REQUESTS_PER_LINE}`);
}

function refused(line: number, value: string, allowed: string): SwitchgearError {
  const shown = JSON.stringify(value.slice(0, MAX_SHOWN));
  return new SwitchgearError('bad_request', `csv: line ${line}: ${shown} is not allowed; ${allowed}`, {
    field: 'csv',
  });
}
