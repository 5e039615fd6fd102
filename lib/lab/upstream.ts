/** Starts the embedded lab: an upstream that answers like Ollama and OpenAI, over real HTTP on loopback. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ActiveFault } from '#lib/lab/fault-plan.ts';
import type { FaultTarget } from '#lib/lab/faults.ts';
import type { FromWorker, ToWorker, WorkerSettings } from '#lib/lab/messages.ts';
import { hash32 } from '#lib/lab/random.ts';

export interface LabOptions {
  name: string;
  /** Decides which calls a fault with a rate below 1 strikes; by default it follows from the name. */
  seed?: number;
  /** Everything that takes time takes this much less of it; default 1. */
  speed?: number;
  /** Room for models; default 16 GiB. */
  memoryBytes?: number;
  /** How long an idle model stays when a call does not say; default 5 minutes, as Ollama has it. */
  keepAliveMs?: number;
  /** Parallel calls per model; default 4. */
  slots?: number;
  /** Calls per model that may wait; default 512. */
  queue?: number;
}

const DEFAULTS = { speed: 1, memoryBytes: 16 * 1024 ** 3, keepAliveMs: 300_000, slots: 4, queue: 512 };

export class LabUpstream implements FaultTarget {
  readonly url: string;
  /** Resolves when the worker is gone: null when `close` ended it, its error otherwise. */
  readonly exited: Promise<Error | null>;
  readonly #worker: Worker;
  /** Bounded by the fault registry. */
  readonly #listeners = new Map<string, (newStrikes: number) => void>();
  #closed = false;

  constructor(worker: Worker, url: string) {
    this.#worker = worker;
    this.url = url;
    this.exited = new Promise((resolve) => {
      let failure: Error | null = null;
      worker.on('error', (error) => {
        failure = toError(error);
      });
      worker.on('exit', (code) => {
        this.#listeners.clear();
        resolve(this.#closed ? null : (failure ?? new Error(`the lab's worker ended with code ${code}`)));
      });
    });
    worker.on('message', (message: FromWorker) => {
      if (message.type !== 'struck') return;
      for (const [id, newStrikes] of message.counts) this.#listeners.get(id)?.(newStrikes);
    });
  }

  /** Strikes are reported at most four times a second. */
  applyFault(fault: ActiveFault, onStruck: (newStrikes: number) => void): void {
    this.#listeners.set(fault.id, onStruck);
    this.#send({ type: 'apply', fault });
  }

  removeFault(id: string): void {
    this.#listeners.delete(id);
    this.#send({ type: 'remove', id });
  }

  /** Ends the worker and with it every connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
    await this.exited;
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

/** @throws Error when the worker cannot start or listen */
export async function startLabUpstream(options: LabOptions): Promise<LabUpstream> {
  const settings: WorkerSettings = { ...DEFAULTS, seed: hash32(options.name), ...options };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: settings,
    name: `lab ${options.name}`,
  });
  const exitedEarly = once(worker, 'exit').then(([code]) => {
    throw new Error(`the lab's worker ended with code ${code} before it listened`);
  });
  // `once` rejects on the worker's `error`, so a failed start ends here and not as an uncaught exception.
  const listening = once(worker, 'message').then(([message]) => message as FromWorker);
  const first = await Promise.race([listening, exitedEarly]);
  if (first.type !== 'listening') throw new Error('the lab spoke before it listened');
  return new LabUpstream(worker, `http://127.0.0.1:${first.port}`);
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
