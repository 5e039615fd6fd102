/** What passes between the workload's worker and the thread that started it. */
import type { WorkloadSettings } from '#lib/contracts/workload.ts';

export interface WorkloadOrder {
  readonly run: string;
  readonly settings: WorkloadSettings;
  /** Of the shape `csv`: offsets in milliseconds, at the speed of the recording. */
  readonly offsets: readonly number[] | null;
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
}

export type FromWorkload =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** It has sent all, and all are answered. */
  | { readonly type: 'finished'; readonly progress: Progress };
