/** What the load generator can be told to do, and the parent's side of telling it. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { CancelResult, Endpoint } from './streams.ts';
import type { LoadResult } from './tally.ts';

export type LoadOrder =
  | {
      kind: 'closed';
      endpoint: Endpoint;
      body: string;
      /** Sent in turn by each connection, in the place of `body`. */
      bodies?: string[];
      inFlight: number;
      durationMs: number;
    }
  | { kind: 'open'; endpoint: Endpoint; body: string; ratePerS: number; durationMs: number }
  | { kind: 'first-token'; endpoint: Endpoint; body: string; count: number };
export interface CancelOrder {
  kind: 'cancel';
  endpoint: Endpoint;
  /** Names the target in the mock upstream's counts. */
  label: string;
  count: number;
  mockPort: number;
}
export type Order = LoadOrder | CancelOrder;

type Reply = { result: unknown } | { error: string };

export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(import.meta.dirname, '..', 'load-generator.ts'), { stdio: 'inherit' });
  }

  get process(): ChildProcess {
    return this.#child;
  }

  /** One at a time: two at once would measure each other. */
  run(order: LoadOrder): Promise<LoadResult>;
  run(order: CancelOrder): Promise<CancelResult>;
  run(order: Order): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load generator ended'));
      this.#child.once('exit', onExit);
      this.#child.once('message', (reply: Reply) => {
        this.#child.off('exit', onExit);
        if ('error' in reply) reject(new Error(reply.error));
        else resolve(reply.result);
      });
      this.#child.send(order);
    });
  }
}

export async function readMockCounts(port: number, model: string): Promise<{ cancelled: number }> {
  const response = await fetch(`http://127.0.0.1:${port}/stats?model=${encodeURIComponent(model)}`);
  return (await response.json()) as { cancelled: number }; // Our own mock's answer.
}
