/** The one workload of this server: started, watched and stopped from here, run by a worker thread. */
import { Worker } from 'node:worker_threads';
import type { Workload, WorkloadRequest, WorkloadSettings } from '#lib/contracts/workload.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { csvArrivals } from '#lib/lab/workload/csv.ts';
import { NO_WORKLOAD } from '#lib/lab/workload/idle.ts';
import type { FromWorkload, Progress, WorkloadOrder } from '#lib/lab/workload/messages.ts';

export interface WorkloadEvent {
  readonly type: 'workload_started' | 'workload_ended';
  readonly by: string | null;
  readonly detail: unknown;
}

export interface WorkloadParts {
  readonly now: () => number;
  readonly randomId: () => string;
  /** Where the gateway listens, and the key that it asks clients for, if any. */
  readonly target: () => { host: string; port: number; apiKey: string | null };
  readonly onEvent: (event: WorkloadEvent) => void;
}

type EndCause = NonNullable<Workload['end_cause']>;

const RUN_CHARS = 8;

export class WorkloadControl {
  readonly #parts: WorkloadParts;
  #status: Workload = NO_WORKLOAD;
  #worker: Worker | null = null;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  /** May lag behind by half a second. */
  status(): Workload {
    return this.#status;
  }

  /** @throws SwitchgearError `conflict` while one runs, `bad_request` for a CSV that cannot be read */
  start({ csv, reason, ...request }: WorkloadRequest, by: string): Workload {
    if (this.#worker !== null) {
      throw new SwitchgearError('conflict', 'A workload is running already; stop it first');
    }
    const offsets = csv === undefined ? null : csvArrivals(csv, request.seed);
    const settings = {
      ...request,
      duration_s: request.duration_s ?? null,
      arrivals: offsets?.length ?? null,
    };
    const order = {
      run: this.#parts.randomId().slice(0, RUN_CHARS),
      settings,
      offsets,
      ...this.#parts.target(),
    };
    this.#run(order);
    this.#status = {
      ...NO_WORKLOAD,
      state: 'running',
      settings,
      by,
      started_at: this.#at(),
      progress: durationMsOf(settings, offsets) === null ? null : 0,
    };
    this.#parts.onEvent({
      type: 'workload_started',
      by,
      detail: { ...settings, ...(reason === undefined ? {} : { reason }) },
    });
    return this.#status;
  }

  /** @throws SwitchgearError `conflict` when none runs */
  stop(by: string): Workload {
    if (this.#worker === null) throw new SwitchgearError('conflict', 'No workload is running');
    this.#end('stopped', by);
    return this.#status;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    this.#end('shutdown', null);
    await worker.terminate();
  }

  #run(order: WorkloadOrder): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: order,
      name: 'workload',
    });
    const totalMs = durationMsOf(order.settings, order.offsets);
    this.#worker = worker;
    worker.on('message', (message: FromWorkload) => {
      if (this.#worker !== worker) return;
      this.#note(message.progress, totalMs);
      if (message.type === 'finished') this.#end('finished', null);
    });
    let failure: Error | null = null;
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#end('crashed', null, failure?.message);
    });
  }

  #note(
    { elapsedMs, targetRatePerS, sent, inFlight, skipped, answers }: Progress,
    totalMs: number | null,
  ): void {
    this.#status = {
      ...this.#status,
      progress: totalMs === null ? null : Math.min(1, elapsedMs / totalMs),
      target_rate_per_s: targetRatePerS,
      sent,
      in_flight: inFlight,
      skipped,
      answers: { ...answers },
    };
  }

  #end(cause: EndCause, by: string | null, message?: string): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    const { sent, skipped, answers } = this.#status;
    this.#status = {
      ...this.#status,
      state: 'ended',
      ended_at: this.#at(),
      end_cause: cause,
      target_rate_per_s: 0,
      in_flight: 0,
    };
    this.#parts.onEvent({
      type: 'workload_ended',
      by,
      detail: { cause, sent, skipped, answers, ...(message === undefined ? {} : { message }) },
    });
  }

  #at(): string {
    return new Date(this.#parts.now()).toISOString();
  }
}

/** Null when it goes on until it is stopped. */
function durationMsOf(settings: WorkloadSettings, offsets: readonly number[] | null): number | null {
  const recordedMs = offsets === null ? Number.POSITIVE_INFINITY : (offsets.at(-1) ?? 0) / settings.speed;
  const askedMs = settings.duration_s === null ? Number.POSITIVE_INFINITY : settings.duration_s * 1_000;
  const totalMs = Math.min(recordedMs, askedMs);
  return Number.isFinite(totalMs) ? Math.max(1, totalMs) : null;
}
