/**
 * Large answers that have to be parsed, in a thread of their own: the event loop belongs to everybody. The thread begins
 * with the first such answer and ends when there has been none for a while.
 */
import { Worker } from 'node:worker_threads';
import { SwitchgearError } from '#lib/errors.ts';
import type { Job, Rendered, RenderJob, Reply, Vectors, VectorsJob } from '#lib/gateway/large/jobs.ts';

/** Above, an answer is not parsed on the event loop: 2 MB take some 10 ms to read and to write. */
export const LARGE_BYTES = 2 * 1024 * 1024;
const MAX_WAITING = 256;
/** The largest answers take seconds; one that takes longer is no answer. */
const JOB_LIMIT_MS = 30_000;
/** Its memory goes with it. */
const IDLE_MS = 10_000;
const RETRY_AFTER_MS = 1_000;

interface Waiting {
  readonly job: Job;
  done(done: Rendered | Vectors): void;
  failed(error: SwitchgearError): void;
}

export class LargeAnswers {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastId = 0;

  /** @throws SwitchgearError of the answer, `overloaded`, `internal` when the thread has died or took too long */
  async render(job: RenderJob): Promise<Rendered> {
    const done = await this.#run(job);
    if ('body' in done) return done;
    throw new Error('a rendering was asked for');
  }

  /** @throws SwitchgearError as `render` */
  async vectors(job: VectorsJob): Promise<Vectors> {
    const done = await this.#run(job);
    if ('values' in done) return done;
    throw new Error('vectors were asked for');
  }

  async close(): Promise<void> {
    await this.#end('The server is shutting down', 'shutting_down');
  }

  #run(job: Job): Promise<Rendered | Vectors> {
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(
        new SwitchgearError('overloaded', `${MAX_WAITING} large answers wait already; try again`, {
          retryAfterMs: RETRY_AFTER_MS,
        }),
      );
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { job, done, failed });
      this.#worker ??= this.#start();
      // One at a time, so that the limit is that of one.
      if (this.#waiting.size === 1) this.#next();
    });
  }

  #next(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#timer = setTimeout(() => void this.#end('', 'internal'), IDLE_MS);
      this.#timer.unref();
      return;
    }
    const [id, { job }] = first;
    this.#worker ??= this.#start();
    try {
      this.#worker.postMessage({ id, job }, handedOver(job));
    } catch (cause) {
      this.#failFirst(new SwitchgearError('internal', 'A large answer could not be handed over', { cause }));
      return;
    }
    this.#timer = setTimeout(() => this.#giveUp(id), JOB_LIMIT_MS);
    this.#timer.unref();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'large-answers' });
    worker.unref();
    worker.on('message', (reply: Reply) => {
      // Of one that was given up as it answered.
      if (this.#worker !== worker) return;
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('done' in reply) waiting?.done(reply.done);
      else waiting?.failed(new SwitchgearError(reply.failed.code, reply.failed.message));
      this.#next();
    });
    // Out of memory, for one: what it was at is lost, the others go to a new one.
    worker.on('error', (cause) => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#failFirst(new SwitchgearError('internal', 'A large answer could not be read', { cause }));
    });
    return worker;
  }

  #giveUp(id: number): void {
    if (!this.#waiting.has(id)) return;
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#failFirst(
      new SwitchgearError('internal', `A large answer took longer than ${JOB_LIMIT_MS} ms to read`),
    );
  }

  #failFirst(error: SwitchgearError): void {
    const [first] = this.#waiting;
    if (first !== undefined) {
      this.#waiting.delete(first[0]);
      first[1].failed(error);
    }
    this.#next();
  }

  async #end(message: string, code: 'shutting_down' | 'internal'): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = null;
    for (const { failed } of this.#waiting.values()) failed(new SwitchgearError(code, message));
    this.#waiting.clear();
    await worker?.terminate();
  }
}

function handedOver({ source }: Job): ArrayBuffer[] {
  return source.from === 'bytes' ? source.chunks.map(({ buffer }) => buffer) : [];
}
