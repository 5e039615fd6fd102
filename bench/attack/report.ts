/** The attacks' results as tables: what all have in common, and below it what each counts by itself. */
import { table } from '../lib/table.ts';
import type { Figures } from './attack.ts';
import type { Waited } from './probe.ts';

export type AttackResult =
  | { name: string; kind: 'not measured'; reason: string }
  | {
      name: string;
      kind: 'measured';
      /** Resident, in MiB; null once the process has ended. */
      beforeMib: number | null;
      peakMib: number | null;
      afterMib: number | null;
      /** Null where the attack ends the server. */
      waited: Waited | null;
      /** How the server ended; null while it runs. */
      ended: string | null;
      figures: Figures;
    };

export function report(results: readonly AttackResult[], settleMs: number): string {
  const show = (value: number | null, digits: number) => value?.toFixed(digits) ?? '–';
  const rows = results.map((result) => {
    if (result.kind === 'not measured') return [result.name, 'not measured'];
    const { name, beforeMib, peakMib, afterMib, waited } = result;
    return [
      name,
      ...[beforeMib, peakMib, afterMib].map((value) => show(value, 0)),
      ...[waited?.p50Ms, waited?.p99Ms, waited?.maxMs].map((value) => show(value ?? null, 1)),
      waited === null ? '–' : `${waited.failed}/${waited.requests}`,
    ];
  });
  const lines = results.map((result) => {
    if (result.kind === 'not measured') return `${result.name}: not measured: ${result.reason}`;
    const figures = Object.entries(result.figures).map(([what, value]) => `${what} ${value}`);
    return `${result.name}: ${figures.join(', ')}${result.ended === null ? '' : `; the server ${result.ended}`}`;
  });
  return [
    `Resident memory of the server (MiB: before, peak, ${settleMs / 1_000} s after), and what other callers waited meanwhile`,
    table(['attack', 'before', 'peak', 'after', 'p50 ms', 'p99 ms', 'max ms', 'failed'], rows),
    '',
    ...lines,
  ].join('\n');
}
