/** Chats of two models, half and half at random, at a lab that holds one of them: directly, and through the gateway. */
import { Agent } from 'node:http';
import { seededRandom } from '#lib/lab/random.ts';
import { percentile } from '../lib/stats.ts';
import { post } from './callers.ts';

export const MODELS = ['lab-chat', 'lab-small'] as const;
const RATE_PER_S = 12;

export interface ChatResult {
  readonly loads: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** Lets one send in the order of arrival: who asks for another model than those that run waits until they have ended. */
export class FirstComeFirstServed {
  readonly #waiting: { model: string; go: () => void }[] = [];
  #model = '';
  #running = 0;

  enter(model: string): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ model, go });
      this.#advance();
    });
  }

  leave(): void {
    this.#running -= 1;
    this.#advance();
  }

  #advance(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (this.#running > 0 && first.model !== this.#model) return;
      this.#waiting.shift();
      this.#model = first.model;
      this.#running += 1;
      first.go();
    }
  }
}

/** Poisson arrivals, the same for everybody. @param gate null to send each at once */
export async function chats(
  port: number,
  count: number,
  gate: FirstComeFirstServed | null,
): Promise<ChatResult> {
  const random = seededRandom(7);
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const startedAt = performance.now();
  let at = 0;
  let failed = 0;
  /** Models in the order in which their answers came; with room for one, each change is a load. */
  const order: string[] = [];
  const latencies: number[] = [];
  await Promise.all(
    Array.from({ length: count }, async (_, number) => {
      at += (-Math.log(1 - random()) / RATE_PER_S) * 1_000;
      const meant = at;
      const model = MODELS[random() < 0.5 ? 0 : 1];
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + meant - performance.now())));
      const messages = [{ role: 'user', content: `question ${number}` }];
      const body = { model, messages, stream: false, options: { num_predict: 16 } };
      await gate?.enter(model);
      try {
        await post(port, agent, '/api/chat', body);
        order.push(model);
        latencies.push(performance.now() - startedAt - meant);
      } catch {
        failed += 1;
      }
      gate?.leave();
    }),
  );
  agent.destroy();
  const sorted = Float64Array.from(latencies).sort();
  const loads = order.filter((model, place) => model !== order[place - 1]).length;
  return { loads, p50Ms: percentile(sorted, 50), p99Ms: percentile(sorted, 99), failed };
}
