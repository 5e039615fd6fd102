/** Lines and times of simple CSV files: a header, commas, no commas within cells. */

const SECONDS = /^-?\d+(\.\d+)?$/;
const DATE_AND_TIME = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}/;
const ZONE = /(Z|[+-]\d{2}:?\d{2})$/i;

export const TIMES_ALLOWED = 'must be ISO 8601, YYYY-MM-DD HH:MM:SS, or seconds';

export interface CsvRow {
  /** As editors count: the header is line 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface Csv {
  readonly header: string;
  /** In lower case. */
  readonly columns: readonly string[];
  /** Without empty lines. */
  readonly rows: readonly CsvRow[];
}

export function readCsv(text: string): Csv {
  // Spreadsheets begin a file with a byte order mark.
  const [header = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const rows = lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [{ line: index + 2, cells: cellsOf(line) }],
  );
  return { header, columns: cellsOf(header).map((name) => name.toLowerCase()), rows };
}

/** Epoch milliseconds, of seconds or a date; UTC without a zone. NaN when it is neither. */
export function timeMsOf(text: string): number {
  if (SECONDS.test(text)) return Number(text) * 1_000;
  if (!DATE_AND_TIME.test(text)) return Number.NaN;
  const iso = text.replace(' ', 'T');
  return Date.parse(ZONE.test(text) ? iso : `${iso}Z`);
}

/** Quotes around a cell are dropped. */
function cellsOf(row: string): string[] {
  return row.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}
