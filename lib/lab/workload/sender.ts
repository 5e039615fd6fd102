/** Sends planned requests over real HTTP with kept-alive connections, reads every answer to its end, and counts. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { WorkloadOrder } from '#lib/lab/workload/messages.ts';
import type { PlannedRequest } from '#lib/lab/workload/plan.ts';
import { Sampler } from '#lib/lab/workload/sample.ts';

/** Arrivals beyond are skipped: a workload must not become a flood when the server is slow. */
export const MAX_IN_FLIGHT = 512;
const TIMEOUT_MS = 120_000;
const NO_ANSWER = 'no answer';

export class Sender {
  readonly #order: Pick<WorkloadOrder, 'run' | 'host' | 'port' | 'apiKey'>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT });
  /** By status; as many as there are statuses. */
  readonly answers: Record<string, number> = {};
  readonly sampler = new Sampler();
  sent = 0;
  inFlight = 0;
  skipped = 0;

  constructor(order: Pick<WorkloadOrder, 'run' | 'host' | 'port' | 'apiKey'>) {
    this.#order = order;
  }

  send({ path, body, items }: PlannedRequest): void {
    if (this.inFlight >= MAX_IN_FLIGHT) {
      this.skipped += 1;
      return;
    }
    const { run, host, port, apiKey } = this.#order;
    this.sent += 1;
    this.inFlight += 1;
    const startedMs = performance.now();
    let over = false;
    const end = (outcome: string, headers: IncomingHttpHeaders = {}) => {
      if (over) return;
      over = true;
      this.inFlight -= 1;
      this.answers[outcome] = (this.answers[outcome] ?? 0) + 1;
      this.sampler.add({
        isServed: /^[23]\d\d$/.test(outcome),
        tookMs: performance.now() - startedMs,
        cache: textOf(headers['x-cache'])?.toLowerCase() ?? 'none',
        upstream: textOf(headers['x-switchgear-upstream']),
        share: Math.min(1, items / (Number(headers['x-switchgear-batch-size']) || items)),
      });
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
      answer.on('end', () => end(String(answer.statusCode), answer.headers));
      answer.on('close', () => end(answer.complete ? String(answer.statusCode) : 'cut', answer.headers));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => end(NO_ANSWER));
    sent.end(body);
  }
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}
