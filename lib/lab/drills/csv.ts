/** Drills as CSV (RFC 4180), a line each. */
import type { Drill } from '#lib/contracts/drills.ts';

const COLUMNS = [
  'id',
  'component',
  'fault',
  'rate',
  'duration_s',
  'calls_per_s',
  'status',
  'end_cause',
  'started_at',
  'ended_at',
  'time_to_open_ms',
  'calls_leaked',
  'probes',
  'time_to_recover_ms',
  'worst_caller_ms',
  'by',
  'reason',
] as const satisfies readonly (keyof Drill)[];

export function drillsAsCsv(drills: readonly Drill[]): string {
  const lines = drills.map((drill) => COLUMNS.map((column) => cell(drill[column])).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\r\n')}\r\n`;
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  // A spreadsheet takes what begins so for a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
