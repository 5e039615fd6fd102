/** What passes between the workload's worker and the thread that started it. */
import type { WorkloadSettings } from '#lib/contracts/workload.ts';
import type { Sample } from '#lib/lab/workload/sample.ts';

export interface WorkloadOrder {
  readonly run: string;
  /** Without the number of arrivals in the CSV, which only the worker counts. */
  readonly settings: WorkloadSettings;
  /** Of the shape `csv`: its text. */
  readonly csv: string | null;
  readonly host: string;
  readonly port: number;
  readonly apiKey: string | null;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly targetRatePerS: number;
  readonly sent: number;
  readonly inFlight: number;
  readonly skipped: number;
  readonly answers: Readonly<Record<string, number>>;
  /** What came back since the last report. */
  readonly sample: Sample;
}

export type FromWorkload =
  /** It begins: with the number of arrivals in the CSV, and for how long at most; null for ever. */
  | { readonly type: 'ready'; readonly arrivals: number | null; readonly lastsMs: number | null }
  /** The CSV cannot be read, and nothing was sent. */
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'progress'; readonly progress: Progress }
  /** It has sent all, and all are answered. */
  | { readonly type: 'finished'; readonly progress: Progress };
