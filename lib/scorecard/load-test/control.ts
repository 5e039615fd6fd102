/** The one load test at a time: started, watched and stopped from here, run by a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LoadTest, loadTestSchema } from '#lib/contracts/score.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { FromLoadTest, LoadOrder, OwnRequests } from '#lib/scorecard/load-test/messages.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';

const DOCUMENT = 'load-test';
const MAX_MS = 180_000;
const NONE: LoadTest = {
  state: 'idle',
  started_at: null,
  ended_at: null,
  progress: 0,
  step: null,
  message: null,
  by: null,
  figures: null,
};

export interface LoadTestParts {
  readonly now: () => number;
  readonly store: DocumentStore;
  readonly order: (roundS: number) => Promise<LoadOrder>;
  readonly onEvent: (
    type: 'load_test_started' | 'load_test_ended',
    by: string | null,
    detail: LoadTest,
  ) => void;
}

export class LoadTests {
  readonly #parts: LoadTestParts;
  #status: LoadTest;
  #child: ChildProcess | null = null;
  /** Of each run of this process, the last one included. */
  readonly #own: { endedMs: number; own: OwnRequests }[] = [];

  constructor(parts: LoadTestParts) {
    this.#parts = parts;
    this.#status = read(parts.store);
  }

  status(): LoadTest {
    return this.#status;
  }

  /** @throws SwitchgearError `conflict` while one runs; what the order throws */
  async start(roundS: number, by: string): Promise<LoadTest> {
    if (this.#status.state === 'running')
      throw new SwitchgearError('conflict', 'A load test is running already');
    const { figures } = this.#status;
    this.#status = { ...NONE, state: 'running', started_at: this.#iso(), by, step: 'preparing', figures };
    try {
      this.#launch(await this.#parts.order(roundS));
    } catch (thrown) {
      this.#end('failed', thrown instanceof Error ? thrown.message : String(thrown));
      throw thrown;
    }
    this.#parts.onEvent('load_test_started', by, this.#status);
    return this.#status;
  }

  /** What load tests have sent since then, which says nothing of the traffic. @param sinceMs epoch milliseconds */
  own(sinceMs: number): OwnRequests {
    const runs = this.#own.filter(({ endedMs }) => endedMs >= sinceMs);
    return {
      hits: runs.reduce((sum, { own }) => sum + own.hits, 0),
      misses: runs.reduce((sum, { own }) => sum + own.misses, 0),
    };
  }

  /** Ends the running one; its figures are not kept. */
  stop(): LoadTest {
    if (this.#status.state === 'running') this.#end('stopped', null);
    return this.#status;
  }

  close(): void {
    this.stop();
  }

  #launch(order: LoadOrder): void {
    const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    const timer = setTimeout(() => this.#end('failed', `it took longer than ${MAX_MS / 1_000} s`), MAX_MS);
    let run = -1;
    child.on('message', (message: FromLoadTest) => {
      if (this.#child !== child) return;
      if (message.type === 'sent') run = this.#noteOwn(run, message.own);
      else if (message.type === 'progress')
        this.#status = { ...this.#status, progress: message.progress, step: message.step };
      else if (message.type === 'failed') this.#end('failed', message.message);
      else {
        this.#status = { ...this.#status, figures: message.figures };
        this.#end('finished', null);
      }
    });
    child.on('error', (error) => this.#child === child && this.#end('failed', error.message));
    child.on('exit', () => {
      clearTimeout(timer);
      if (this.#child === child) this.#end('failed', 'its process ended before it was done');
    });
    child.send(order);
  }

  #noteOwn(run: number, own: OwnRequests): number {
    const place = run === -1 ? this.#own.length : run;
    this.#own[place] = { endedMs: this.#parts.now(), own };
    return place;
  }

  #end(state: 'finished' | 'failed' | 'stopped', message: string | null): void {
    const child = this.#child;
    this.#child = null;
    child?.kill();
    const isFinished = state === 'finished';
    this.#status = {
      ...this.#status,
      state,
      message,
      ended_at: this.#iso(),
      step: null,
      progress: isFinished ? 1 : this.#status.progress,
      // What an earlier one found says nothing of this one.
      figures: isFinished ? this.#status.figures : null,
    };
    this.#parts.store.write(DOCUMENT, JSON.stringify(this.#status));
    this.#parts.onEvent('load_test_ended', null, this.#status);
  }

  #iso(): string {
    return new Date(this.#parts.now()).toISOString();
  }
}

function read(store: DocumentStore): LoadTest {
  const text = store.read(DOCUMENT);
  if (text === null) return NONE;
  try {
    return loadTestSchema.safeParse(JSON.parse(text)).data ?? NONE;
  } catch {
    return NONE;
  }
}
