/** What other settings would have made of a component's last hour, worked out beside the event loop. */
import { Worker } from 'node:worker_threads';
import type { CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import type { ReplayInput } from '#lib/breaker/what-if/replay.ts';
import type { Replay, SettingsOverrides, WhatIf } from '#lib/contracts/breakers.ts';
import { breakerSettingsSchema } from '#lib/contracts/config.ts';
import { SwitchgearError } from '#lib/errors.ts';

/** At a time; each is a thread, and seconds of work at most. */
const MAX_RUNNING = 2;

export class WhatIfs {
  readonly #now: () => number;
  readonly #running = new Set<Worker>();
  #closed = false;

  /** @param now wall clock, epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param draft what to change in the present settings
   * @throws SwitchgearError `conflict` when too many run already, `shutting_down`
   */
  async run(breaker: CircuitBreaker, draft: SettingsOverrides): Promise<WhatIf> {
    if (this.#closed) throw new SwitchgearError('shutting_down', 'The server is shutting down');
    if (this.#running.size >= MAX_RUNNING) {
      throw new SwitchgearError(
        'conflict',
        `${MAX_RUNNING} what-if replays are running already; try again soon`,
      );
    }
    const { settings, limits, name } = breaker;
    const recording = breaker.recording();
    const epochMs = this.#now() - recording.toMs;
    const changed = breakerSettingsSchema.parse({ ...settings, ...draft });
    const [ofDraft, ofCurrent] = await this.#replay([
      { recording, settings: changed, limits, epochMs },
      { recording, settings, limits, epochMs },
    ]);
    if (ofDraft === undefined || ofCurrent === undefined) throw new Error('a replay without a result');
    return {
      component: name,
      from: new Date(epochMs + recording.fromMs).toISOString(),
      to: new Date(epochMs + recording.toMs).toISOString(),
      outcomes: recording.endedMs.filter((ended) => ended >= recording.fromMs).length,
      draft: ofDraft,
      current: ofCurrent,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].map((worker) => worker.terminate()));
  }

  #replay(inputs: readonly ReplayInput[]): Promise<Replay[]> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: inputs,
      name: 'what-if',
    });
    this.#running.add(worker);
    return new Promise<Replay[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => {
        this.#running.delete(worker);
        reject(new SwitchgearError('shutting_down', 'The replay was ended'));
      });
    });
  }
}
