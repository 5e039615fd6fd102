/** The book of forecasts, in its worker thread. */
import { Worker } from 'node:worker_threads';
import type { Book } from '#lib/allocation/live/book.ts';
import type { FromWorker, ToWorker, WorkerSettings } from '#lib/allocation/live/worker.ts';

export class Forecasts {
  readonly #worker: Worker;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 0;
  #ended: Error | null = null;

  /** @param onFailed told once when the worker ends by itself; what is asked from then on is rejected */
  constructor(settings: WorkerSettings, onFailed: (error: Error) => void) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: settings,
      name: 'forecasts',
    });
    this.#worker.unref();
    this.#worker.on('message', ({ id, result }: FromWorker) => {
      this.#asked.get(id)?.resolve(result);
      this.#asked.delete(id);
    });
    this.#worker.on('error', (thrown) => {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#end(error);
      onFailed(error);
    });
  }

  /** Calls a method of the book. @throws Error when the worker has ended */
  ask<K extends keyof Book>(method: K, ...args: Parameters<Book[K]>): Promise<ReturnType<Book[K]>> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next;
    this.#next += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#asked.set(id, answer);
    this.#worker.postMessage({ id, method, args } as ToWorker);
    return answer.promise as Promise<ReturnType<Book[K]>>;
  }

  async close(): Promise<void> {
    this.#end(new Error('the forecasts were closed'));
    await this.#worker.terminate();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
