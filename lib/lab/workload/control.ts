/** The one workload of this server: started, watched and stopped from here, run by a worker thread. */
import { Worker } from 'node:worker_threads';
import type { Workload, WorkloadRequest, WorkloadSettings } from '#lib/contracts/workload.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { NO_WORKLOAD } from '#lib/lab/workload/idle.ts';
import type { FromWorkload, Progress, WorkloadOrder } from '#lib/lab/workload/messages.ts';
import type { Sample } from '#lib/lab/workload/sample.ts';

export interface WorkloadEvent {
  readonly type: 'workload_started' | 'workload_ended';
  readonly by: string | null;
  readonly detail: unknown;
}

/** A worker thread, as far as a workload needs it. */
export interface WorkloadWorker {
  on(event: 'message', listener: (message: FromWorkload) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  terminate(): Promise<unknown>;
}

export interface WorkloadParts {
  readonly now: () => number;
  readonly randomId: () => string;
  /** Where the gateway listens, and the key that it asks clients for, if any. */
  readonly target: () => { host: string; port: number; apiKey: string | null };
  readonly onEvent: (event: WorkloadEvent) => void;
  /** Told twice a second of what came back. */
  readonly onSample?: (sample: Sample) => void;
  /** Starts the thread; `worker.ts` without it. */
  readonly startWorker?: (order: WorkloadOrder) => WorkloadWorker;
}

type EndCause = NonNullable<Workload['end_cause']>;

const RUN_CHARS = 8;

export class WorkloadControl {
  readonly #parts: WorkloadParts;
  readonly #startWorker: (order: WorkloadOrder) => WorkloadWorker;
  #status: Workload = NO_WORKLOAD;
  #worker: WorkloadWorker | null = null;
  /** Resolves when the last thread is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#startWorker = parts.startWorker ?? startThread;
  }

  /** May lag behind by half a second. */
  status(): Workload {
    return this.#status;
  }

  /**
   * Resolves when it has begun; a CSV is read by its thread.
   * @throws SwitchgearError `conflict` while one runs, `bad_request` for a CSV that cannot be read, `shutting_down`
   */
  async start({ csv, reason, ...request }: WorkloadRequest, by: string): Promise<Workload> {
    if (this.#closed) throw new SwitchgearError('shutting_down', 'The server is shutting down');
    if (this.#worker !== null) {
      throw new SwitchgearError(
        'conflict',
        'A workload is running already; stop it first, on the Lab page or with DELETE /api/lab/workload',
      );
    }
    const asked = { ...request, duration_s: request.duration_s ?? null, arrivals: null };
    const run = this.#parts.randomId().slice(0, RUN_CHARS);
    const order = { run, settings: asked, csv: csv ?? null, ...this.#parts.target() };
    const worker = this.#startWorker(order);
    this.#worker = worker;
    const begun = Promise.withResolvers<Workload>();
    let lastsMs: number | null = null;
    worker.on('message', (message) => {
      if (this.#worker !== worker) return;
      switch (message.type) {
        case 'ready':
          lastsMs = message.lastsMs;
          this.#begin({ ...asked, arrivals: message.arrivals }, lastsMs, by, reason);
          begun.resolve(this.#status);
          return;
        case 'refused':
          this.#release();
          begun.reject(new SwitchgearError('bad_request', message.message, { field: 'csv' }));
          return;
        case 'progress':
          this.#note(message.progress, lastsMs);
          return;
        case 'finished':
          this.#note(message.progress, lastsMs);
          this.#end('finished', null);
      }
    });
    let failure: Error | null = null;
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      // Once it has begun, this rejection finds nobody.
      begun.reject(
        this.#closed
          ? new SwitchgearError('shutting_down', 'The server is shutting down')
          : new SwitchgearError('internal', 'The workload could not be started', { cause: failure }),
      );
      if (this.#worker !== worker) return;
      if (this.#status.state === 'running') this.#end('crashed', null, failure?.message);
      else this.#release();
    });
    return begun.promise;
  }

  /** @throws SwitchgearError `conflict` when none runs */
  stop(by: string): Workload {
    if (this.#status.state !== 'running') throw new SwitchgearError('conflict', 'No workload is running');
    this.#end('stopped', by);
    return this.#status;
  }

  /** Ends what runs; nothing can be started any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#status.state === 'running') this.#end('shutdown', null);
    else this.#release();
    await this.#gone;
  }

  #begin(settings: WorkloadSettings, lastsMs: number | null, by: string, reason: string | undefined): void {
    this.#status = {
      ...NO_WORKLOAD,
      state: 'running',
      settings,
      by,
      started_at: this.#at(),
      progress: lastsMs === null ? null : 0,
    };
    const detail = reason === undefined ? settings : { ...settings, reason };
    this.#parts.onEvent({ type: 'workload_started', by, detail });
  }

  #note(progress: Progress, lastsMs: number | null): void {
    const { elapsedMs, targetRatePerS, sent, inFlight, skipped, answers, sample } = progress;
    this.#status = {
      ...this.#status,
      progress: lastsMs === null ? null : Math.min(1, elapsedMs / Math.max(1, lastsMs)),
      target_rate_per_s: targetRatePerS,
      sent,
      in_flight: inFlight,
      skipped,
      answers: { ...answers },
    };
    this.#parts.onSample?.(sample);
  }

  #end(cause: EndCause, by: string | null, message?: string): void {
    this.#release();
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

  #release(): void {
    const worker = this.#worker;
    this.#worker = null;
    if (worker !== null) this.#gone = worker.terminate();
  }

  #at(): string {
    return new Date(this.#parts.now()).toISOString();
  }
}

function startThread(order: WorkloadOrder): WorkloadWorker {
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData: order, name: 'workload' });
}
