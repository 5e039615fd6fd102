/** Callers that ask for one embedding after another, each for a text of its own, over kept-alive connections. */
import { Agent, request } from 'node:http';
import { percentile } from '../lib/stats.ts';

export interface CallerResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

let number = 0;

/** Closed loop: so many callers, each asking anew when it was answered. */
export async function callers(port: number, count: number, durationMs: number): Promise<CallerResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const latencies: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const until = startedAt + durationMs;
  await Promise.all(
    Array.from({ length: count }, async () => {
      while (performance.now() < until) {
        const sentAt = performance.now();
        const ok = await embed(port, agent, `text number ${number++}`);
        if (ok) latencies.push(performance.now() - sentAt);
        else failed += 1;
      }
    }),
  );
  agent.destroy();
  const sorted = Float64Array.from(latencies).sort();
  return {
    perSecond: latencies.length / ((performance.now() - startedAt) / 1_000),
    p50Ms: percentile(sorted, 50),
    p99Ms: percentile(sorted, 99),
    failed,
  };
}

/** Open loop: sent at fixed times after now, whether or not earlier ones are answered. */
export async function arrivals(port: number, atMs: readonly number[]): Promise<CallerResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const startedAt = performance.now();
  let failed = 0;
  const latencies: number[] = [];
  await Promise.all(
    atMs.map(async (at) => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + at - performance.now())));
      const ok = await embed(port, agent, `text number ${number++}`);
      // From when it was meant to leave.
      if (ok) latencies.push(performance.now() - startedAt - at);
      else failed += 1;
    }),
  );
  agent.destroy();
  const sorted = Float64Array.from(latencies).sort();
  return {
    perSecond: latencies.length / ((performance.now() - startedAt) / 1_000),
    p50Ms: percentile(sorted, 50),
    p99Ms: percentile(sorted, 99),
    failed,
  };
}

function embed(port: number, agent: Agent, text: string): Promise<boolean> {
  return post(port, agent, '/v1/embeddings', { model: 'bench', input: text }).then(
    (body) => (JSON.parse(body) as { data: { embedding: number[] }[] }).data[0]?.embedding[0] === text.length,
    () => false,
  );
}

export function post(port: number, agent: Agent, path: string, body: object): Promise<string> {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
      let received = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        received += chunk;
      });
      answer.on('end', () => (answer.statusCode === 200 ? resolve(received) : reject(new Error(received))));
      answer.on('error', reject);
    });
    call.on('error', reject);
    call.end(text);
  });
}
