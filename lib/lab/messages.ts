/** What passes between the lab's worker and the thread that started it. */
import type { ActiveFault } from '#lib/lab/fault-plan.ts';

export interface WorkerSettings {
  name: string;
  seed: number;
  speed: number;
  memoryBytes: number;
  keepAliveMs: number;
  slots: number;
  queue: number;
}

export type ToWorker =
  | { readonly type: 'apply'; readonly fault: ActiveFault }
  | { readonly type: 'remove'; readonly id: string };

export type FromWorker =
  | { readonly type: 'listening'; readonly port: number }
  /** New strikes of each fault since the last message. */
  | { readonly type: 'struck'; readonly counts: ReadonlyMap<string, number> };
