/** The worker thread of the forecasts: its own event loop, so that a fit does not delay a request. */
import { parentPort, workerData } from 'node:worker_threads';
import { Calendar } from '#lib/allocation/calendar.ts';
import { Book, type BookSettings } from '#lib/allocation/live/book.ts';

export interface WorkerSettings extends BookSettings {
  readonly seasonS: number;
  readonly timezone: string;
}

type Asked = { readonly [K in keyof Book]: { method: K; args: Parameters<Book[K]> } }[keyof Book];
/** A method of the book, called by name. */
export type ToWorker = { readonly id: number } & Asked;
export type FromWorker = { readonly id: number; readonly result: unknown };

const port = parentPort;
if (port === null) throw new Error('lib/allocation/live/worker.ts runs as a worker only');
// Given by Forecasts, which is typed.
const { seasonS, timezone, ...settings } = workerData as WorkerSettings;
const book = new Book(settings, new Calendar(seasonS, timezone));

port.on('message', ({ id, method, args }: ToWorker) => {
  const call = book[method] as (...given: unknown[]) => unknown;
  const answer: FromWorker = { id, result: call.apply(book, args) };
  port.postMessage(answer);
});
