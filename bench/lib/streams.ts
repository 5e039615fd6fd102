/** Streaming requests: the time to the first token, and whether a cancelled one is cancelled upstream. */
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Outcome } from './connection.ts';
import { endlessStream } from './requests.ts';
import { type LoadResult, Tally } from './tally.ts';

export interface Endpoint {
  port: number;
  path: string;
  headers: Record<string, string>;
}

/** What the mock upstream has counted for one model. */
export type ReadCounts = (model: string) => Promise<{ cancelled: number }>;

export interface CancelResult {
  streams: number;
  /** How many gave a first token, and were then cancelled. */
  opened: number;
  /** How many of those the upstream saw closed in time. */
  reached: number;
}

const FIRST_TOKEN_TIMEOUT_MS = 5_000;
const CANCEL_DEADLINE_MS = 2_000;
const POLL_MS = 50;
const CANCELS_AT_ONCE = 10;

/** One after another, each to its end, so that none waits for another. */
export async function measureFirstToken(
  endpoint: Endpoint,
  body: string,
  count: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true });
  const tally = new Tally();
  const startedAt = performance.now();
  for (let run = 0; run < count; run += 1) {
    const sentAt = performance.now();
    const stream = await openStream(endpoint, body, agent);
    tally.add(stream.outcome, stream.firstTokenAt - sentAt);
    await stream.ended;
  }
  const elapsedMs = performance.now() - startedAt;
  agent.destroy();
  return tally.result(elapsedMs);
}

/** Each wave has a model name of its own, so that a late cancel is never counted for another wave. */
export async function measureCancels(
  endpoint: Endpoint,
  label: string,
  count: number,
  readCounts: ReadCounts,
): Promise<CancelResult> {
  const result: CancelResult = { streams: count, opened: 0, reached: 0 };
  for (let first = 0; first < count; first += CANCELS_AT_ONCE) {
    const { model, body } = endlessStream(`${label}-${first}`);
    const size = Math.min(CANCELS_AT_ONCE, count - first);
    const streams = await Promise.all(Array.from({ length: size }, () => openStream(endpoint, body, false)));
    const opened = streams.filter((stream) => stream.outcome.status === 200);
    for (const stream of streams) stream.destroy();
    result.opened += opened.length;
    result.reached += await waitForCancels(model, opened.length, readCounts);
  }
  return result;
}

async function waitForCancels(model: string, expected: number, readCounts: ReadCounts): Promise<number> {
  const deadline = performance.now() + CANCEL_DEADLINE_MS;
  for (;;) {
    const { cancelled } = await readCounts(model);
    if (cancelled >= expected || performance.now() >= deadline) return Math.min(cancelled, expected);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface OpenedStream {
  outcome: Outcome;
  /** On `performance.now()`'s clock. */
  firstTokenAt: number;
  ended: Promise<void>;
  destroy: () => void;
}

/** Resolves at the first SSE data event, or with the reason why none came. */
function openStream(endpoint: Endpoint, body: string, agent: Agent | false): Promise<OpenedStream> {
  return new Promise((resolve) => {
    const ended = Promise.withResolvers<void>();
    const req = request({
      host: '127.0.0.1',
      port: endpoint.port,
      path: endpoint.path,
      method: 'POST',
      agent,
      headers: { ...endpoint.headers, 'content-length': Buffer.byteLength(body) },
    });
    const settle = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve({
        outcome,
        firstTokenAt: performance.now(),
        ended: ended.promise,
        destroy: () => req.destroy(),
      });
    };
    const timer = setTimeout(() => {
      settle({ status: null, error: 'no first token' });
      req.destroy();
    }, FIRST_TOKEN_TIMEOUT_MS);
    req.on('response', (res) => readFirstEvent(res, settle));
    req.on('error', (error: NodeJS.ErrnoException) =>
      settle({ status: null, error: error.code ?? error.message }),
    );
    req.on('close', () => {
      settle({ status: null, error: 'closed before the first token' });
      ended.resolve();
    });
    req.end(body);
  });
}

function readFirstEvent(res: IncomingMessage, settle: (outcome: Outcome) => void): void {
  let head = '';
  let seen = false;
  const status = res.statusCode ?? 0;
  if (status !== 200) settle({ status, error: null });
  res.setEncoding('utf8');
  res.on('error', () => {});
  res.on('data', (text: string) => {
    if (seen) return;
    head += text;
    seen = /^data: *\{.*"content".*\n/m.test(head);
    if (seen) settle({ status, error: null });
  });
}
