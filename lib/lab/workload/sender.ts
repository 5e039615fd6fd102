/** Sends planned requests over real HTTP with kept-alive connections, reads every answer to its end, and counts. */
import { Agent, request } from 'node:http';
import type { WorkloadOrder } from '#lib/lab/workload/messages.ts';
import type { PlannedRequest } from '#lib/lab/workload/plan.ts';

/** Arrivals beyond are skipped: a workload must not become a flood when the server is slow. */
export const MAX_IN_FLIGHT = 512;
const TIMEOUT_MS = 120_000;
const NO_ANSWER = 'no answer';

export class Sender {
  readonly #order: Pick<WorkloadOrder, 'run' | 'host' | 'port' | 'apiKey'>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT });
  /** By status; as many as there are statuses. */
  readonly answers: Record<string, number> = {};
  sent = 0;
  inFlight = 0;
  skipped = 0;

  constructor(order: Pick<WorkloadOrder, 'run' | 'host' | 'port' | 'apiKey'>) {
    this.#order = order;
  }

  send({ path, body }: PlannedRequest): void {
    if (this.inFlight >= MAX_IN_FLIGHT) {
      this.skipped += 1;
      return;
    }
    const { run, host, port, apiKey } = this.#order;
    this.sent += 1;
    this.inFlight += 1;
    let over = false;
    const end = (outcome: string) => {
      if (over) return;
      over = true;
      this.inFlight -= 1;
      this.answers[outcome] = (this.answers[outcome] ?? 0) + 1;
    };
    const sent = request({
      host,
      port,
      path,
      method: 'POST',
      agent: this.#agent,
      timeout: TIMEOUT_MS,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'switchgear-workload',
        'x-request-id': `workload-${run}-${this.sent}`,
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
      },
    });
    sent.on('response', (answer) => {
      answer.resume();
      answer.on('end', () => end(String(answer.statusCode)));
      answer.on('close', () => end(answer.complete ? String(answer.statusCode) : 'cut'));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => end(NO_ANSWER));
    sent.end(body);
  }
}
