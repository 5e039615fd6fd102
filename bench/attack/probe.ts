/**
 * Another caller, in a process of its own: a small request at fixed times, whether or not earlier ones are answered.
 * Begins with `{ port }`, answers `stop` with what they took, and ends when the channel closes.
 */
import { Agent, request } from 'node:http';
import { percentile } from '../lib/stats.ts';
import { chatBody } from './client.ts';

const EVERY_MS = 20;
/** One that is not answered in this time has failed; the wait counts. */
const TIMEOUT_MS = 30_000;
const MAX_SAMPLES = 100_000;

export interface Waited {
  requests: number;
  failed: number;
  /** Null without any answer. */
  p50Ms: number | null;
  p99Ms: number | null;
  maxMs: number | null;
}

const agent = new Agent({ keepAlive: true });
const tookMs: number[] = [];
let [requests, failed, running] = [0, 0, 0];
let timer: NodeJS.Timeout | undefined;

process.on('message', (order: { port: number } | 'stop') => {
  if (order === 'stop') stop();
  else begin(order.port);
});
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});

function begin(port: number): void {
  [requests, failed] = [0, 0];
  tookMs.length = 0;
  let dueAt = performance.now();
  const step = () => {
    for (; dueAt <= performance.now(); dueAt += EVERY_MS) ask(port, dueAt);
    timer = setTimeout(step, Math.max(1, dueAt - performance.now()));
  };
  step();
}

function ask(port: number, dueAt: number): void {
  const body = chatBody('small-0-probe', 'hi', { temperature: 1 });
  requests += 1;
  running += 1;
  let isOver = false;
  const end = (isGood: boolean) => {
    if (isOver) return;
    isOver = true;
    running -= 1;
    if (!isGood) failed += 1;
    if (tookMs.length < MAX_SAMPLES) tookMs.push(performance.now() - dueAt);
  };
  const sent = request(
    {
      host: '127.0.0.1',
      port,
      agent,
      path: '/v1/chat/completions',
      method: 'POST',
      timeout: TIMEOUT_MS,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    },
    (res) => {
      res.on('end', () => end(res.statusCode === 200));
      res.on('error', () => end(false));
      res.resume();
    },
  );
  sent.on('timeout', () => sent.destroy());
  sent.on('error', () => end(false));
  sent.end(body);
}

/** Those that are on their way still count, with what they have waited. */
function stop(): void {
  clearTimeout(timer);
  const deadline = performance.now() + TIMEOUT_MS;
  const report = () => {
    if (running > 0 && performance.now() < deadline) {
      setTimeout(report, EVERY_MS);
      return;
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    const at = (percent: number) => (sorted.length === 0 ? null : percentile(sorted, percent));
    const waited: Waited = { requests, failed, p50Ms: at(50), p99Ms: at(99), maxMs: sorted.at(-1) ?? null };
    process.send?.(waited);
  };
  report();
}
