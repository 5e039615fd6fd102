/**
 * The load test, in a process of its own: hits through the gateway beside bare `node:http` with the same bytes, turn by
 * turn in the same rounds; a small call over new and over kept connections; batches of 256 concurrent callers.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { Worker } from 'node:worker_threads';
import autocannon from 'autocannon';
import { batchingSchema } from '#lib/contracts/batching.ts';
import type { FromLoadTest, LoadOrder } from '#lib/scorecard/load-test/messages.ts';

const ROUNDS = 3;
const CONNECTIONS = 22;
const WARM_UP_S = 1;
const POOL_CALLS = 300;
const BATCH_CALLERS = 256;
const STEPS = 2 * ROUNDS + 3;

interface Measured {
  readonly answered: number;
  readonly perS: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

const tell = (message: FromLoadTest) => process.send?.(message);

process.once('message', (order: LoadOrder) => {
  run(order).then(
    () => process.exit(0),
    (thrown: unknown) => {
      tell({ type: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
      process.exit(1);
    },
  );
});
// The server that asked for it is gone.
process.once('disconnect', () => process.exit(0));

async function run(order: LoadOrder): Promise<void> {
  let done = 0;
  const own = { hits: 0, misses: 0 };
  const step = (text: string) => {
    tell({ type: 'progress', progress: done / STEPS, step: text });
    done += 1;
  };
  const body = JSON.stringify({
    model: order.chatModel,
    temperature: 0,
    max_tokens: 8,
    messages: [{ role: 'user', content: 'load test: say one word' }],
  });
  const headers = headersOf(order);
  const gateway = { host: order.host, port: order.port };
  // Twice: the first one may be the one that is kept.
  await send(gateway, '/v1/chat/completions', headers, body);
  const primed = await send(gateway, '/v1/chat/completions', headers, body);
  if (primed.status !== 200 || primed.cache !== 'hit')
    throw new Error(
      `a repeated request was not answered from the cache (status ${primed.status}, x-cache ${primed.cache ?? 'none'})`,
    );
  const bare = await startBare(primed.text);
  const ours = `http://${hostOf(order.host)}:${order.port}`;
  const theirs = `http://127.0.0.1:${bare.port}`;
  step('warming up');
  own.hits += (await cannon(ours, headers, body, WARM_UP_S)).answered;
  await cannon(theirs, headers, body, WARM_UP_S);
  const hits: Measured[] = [];
  const bares: Measured[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    step(`round ${round + 1} of ${ROUNDS}: hits`);
    const hit = await cannon(ours, headers, body, order.roundS);
    hits.push(hit);
    own.hits += hit.answered;
    tell({ type: 'sent', own });
    step(`round ${round + 1} of ${ROUNDS}: bare node:http`);
    bares.push(await cannon(theirs, headers, body, order.roundS));
  }
  step('connections, kept and new');
  const target = { host: '127.0.0.1', port: bare.port };
  const unpooled = await timed(target, headers, body, new Agent({ keepAlive: false }));
  const pooled = await timed(target, headers, body, new Agent({ keepAlive: true, maxSockets: 1 }));
  step(`batches of ${BATCH_CALLERS} callers`);
  const batched = order.embeddingModel === null ? null : await batches(order, headers);
  own.misses += batched?.sent ?? 0;
  tell({ type: 'sent', own });
  await bare.close();
  const hitsPerS = median(hits.map(({ perS }) => perS));
  const barePerS = median(bares.map(({ perS }) => perS));
  tell({
    type: 'finished',
    figures: {
      hits_per_s: hitsPerS,
      hit_p50_ms: median(hits.map(({ p50 }) => p50)),
      hit_p99_ms: median(hits.map(({ p99 }) => p99)),
      bare_per_s: barePerS,
      hits_over_bare: hitsPerS / barePerS,
      unpooled_ms: unpooled,
      pooled_ms: pooled,
      pooling_improvement: unpooled / pooled,
      failed: hits.reduce((sum, { failed }) => sum + failed, 0),
      batch_efficiency: batched?.efficiency ?? null,
    },
  });
}

function headersOf({ apiKey }: LoadOrder): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'switchgear-load-test',
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
  };
}

async function startBare(body: string): Promise<{ port: number; close: () => Promise<unknown> }> {
  const worker = new Worker(new URL('./bare-server.ts', import.meta.url), { workerData: { body } });
  const [port] = await once(worker, 'message');
  return { port: Number(port), close: () => worker.terminate() };
}

async function cannon(
  url: string,
  headers: Record<string, string>,
  body: string,
  roundS: number,
): Promise<Measured> {
  const latencies: number[] = [];
  const instance = autocannon({
    url: `${url}/v1/chat/completions`,
    method: 'POST',
    headers,
    body,
    connections: CONNECTIONS,
    duration: roundS,
    setupClient: (client) => {
      client.on('response', (_status, _bytes, ms) => latencies.push(ms));
    },
  });
  const result = await instance;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] ?? 0;
  return {
    answered: result['2xx'],
    perS: result['2xx'] / result.duration,
    p50: at(0.5),
    p99: at(0.99),
    failed: result.non2xx + result.errors,
  };
}

async function timed(
  target: { host: string; port: number },
  headers: Record<string, string>,
  body: string,
  agent: Agent,
): Promise<number> {
  const took: number[] = [];
  for (let call = 0; call < POOL_CALLS; call += 1) {
    const startedAt = performance.now();
    await send(target, '/', headers, body, agent);
    took.push(performance.now() - startedAt);
  }
  agent.destroy();
  return median(took);
}

/** Every text is new, so that none is answered from the cache. */
async function batches(
  order: LoadOrder,
  headers: Record<string, string>,
): Promise<{ sent: number; efficiency: number | null }> {
  const agent = new Agent({ keepAlive: true, maxSockets: BATCH_CALLERS });
  const stamp = Date.now();
  const before = await batching(order, headers);
  const endAt = performance.now() + order.roundS * 1_000;
  let next = 0;
  const caller = async () => {
    while (performance.now() < endAt) {
      next += 1;
      const body = JSON.stringify({ model: order.embeddingModel, input: `load test ${stamp} ${next}` });
      await send(order, '/v1/embeddings', headers, body, agent);
    }
  };
  await Promise.all(Array.from({ length: BATCH_CALLERS }, caller));
  agent.destroy();
  const after = await batching(order, headers);
  const [made, items] = [after.batches - before.batches, after.items - before.items];
  return { sent: next, efficiency: made === 0 ? null : items / made / after.largest };
}

async function batching(order: LoadOrder, headers: Record<string, string>) {
  const { text } = await send(order, '/api/batching', headers, null);
  const { embedding_batcher: view, upstreams } = batchingSchema.parse(JSON.parse(text));
  const largest = Math.max(...upstreams.map(({ embedding }) => embedding.limits.max_size));
  return { batches: view.total_batches, items: view.total_items, largest };
}

function send(
  { host, port }: { host: string; port: number },
  path: string,
  headers: Record<string, string>,
  body: string | null,
  agent?: Agent,
): Promise<{ status: number; cache: string | null; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === null ? 'GET' : 'POST';
    const length = body === null ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = { host, port, path, method, headers: { ...headers, ...length } };
    const sent = request(agent === undefined ? options : { ...options, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          cache: typeof answer.headers['x-cache'] === 'string' ? answer.headers['x-cache'] : null,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

function hostOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
