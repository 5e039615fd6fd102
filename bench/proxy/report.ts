/** What is printed at the end. */
import type { Spread } from '../lib/stats.ts';
import { table } from '../lib/table.ts';
import type { Verdict } from './goals.ts';
import type { Summary } from './summary.ts';
import type { TargetName } from './target.ts';

export interface NotMeasured {
  name: TargetName;
  reason: string;
}

export function formatReport(
  summaries: readonly Summary[],
  notMeasured: readonly NotMeasured[],
  verdicts: readonly Verdict[],
): string {
  return [
    'Throughput with 22 requests in flight (median over the rounds, lowest–highest)',
    table(['target', 'requests/s', 'p50 ms', 'p99 ms', 'failed'], summaries.map(throughputRow)),
    '',
    'Added over direct: latency at 200 requests/s from the intended start, and time to first token',
    table(['target', 'added p50 ms', 'added p99 ms', 'added first token ms'], summaries.map(addedRow)),
    '',
    'Cancelled streams that reach the upstream within 2 s, and memory after the load',
    table(['target', 'cancels', 'RSS MiB', 'peak MiB'], summaries.map(restRow)),
    ...failureLines(summaries),
    ...summaries.flatMap(({ name, ended }) =>
      ended === null ? [] : [`\n! ${name} ended during the run: ${ended}`],
    ),
    ...notMeasured.map(({ name, reason }) => `\n${name}: not measured: ${reason}`),
    '',
    'Goals',
    ...verdicts.map(({ goal, reached, measured }) => `  ${wordFor(reached)}  ${goal}: ${measured}`),
    '',
  ].join('\n');
}

function wordFor(reached: boolean | null): string {
  if (reached === null) return 'UNKNOWN';
  return reached ? 'REACHED' : 'MISSED ';
}

function throughputRow({ name, version, requestsPerSecond, p50Ms, p99Ms, failed }: Summary): string[] {
  return [
    `${name} ${version}`.trim(),
    format(requestsPerSecond, 0),
    format(p50Ms, 2),
    format(p99Ms, 2),
    `${failed}${failed > 0 ? ' !' : ''}`,
  ];
}

function addedRow({ name, addedP50Ms, addedP99Ms, addedFirstTokenMs }: Summary): string[] {
  return [name, format(addedP50Ms, 2), format(addedP99Ms, 2), format(addedFirstTokenMs, 2)];
}

function restRow({ name, cancels, memory }: Summary): string[] {
  const mib = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(0));
  return [name, `${cancels.reached}/${cancels.streams}`, mib(memory?.rssMib), mib(memory?.peakMib)];
}

function failureLines(summaries: readonly Summary[]): string[] {
  return summaries
    .filter(({ failed }) => failed > 0)
    .map(({ name, failures }) => {
      const kinds = Object.entries(failures).map(([kind, count]) => `${count} × ${kind}`);
      return `\n! ${name} failed: ${kinds.join(', ')}`;
    });
}

function format(value: Spread | null, digits: number): string {
  if (value === null) return '–';
  const number = (each: number) =>
    each.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number(value.median)} (${number(value.min)}–${number(value.max)})`;
}
