/**
 * The workload's worker thread: plans, sends and reads on an event loop of its own, so that the gateway's never does.
 * Ends by `terminate`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { arrivals, rateAt } from '#lib/lab/workload/arrivals.ts';
import type { FromWorkload, Progress, WorkloadOrder } from '#lib/lab/workload/messages.ts';
import { plannedRequests } from '#lib/lab/workload/plan.ts';
import { Sender } from '#lib/lab/workload/sender.ts';

const REPORT_MS = 500;
/** Arrivals that are due within it are sent by one timer. */
const SLICE_MS = 10;

const port = parentPort;
if (port === null) throw new Error('lib/lab/workload/worker.ts runs as a worker only');
const tell = (message: FromWorkload) => port.postMessage(message);

// Given by WorkloadControl, which is typed.
const order = workerData as WorkloadOrder;
const { settings } = order;
const sender = new Sender(order);
const plan = plannedRequests(settings);
const times = order.offsets === null ? arrivals(settings) : atSpeed(order.offsets, settings.speed);
const endMs = settings.duration_s === null ? Number.POSITIVE_INFINITY : settings.duration_s * 1_000;
const startedAt = performance.now();
let next = times.next();
const reporter = setInterval(() => tell({ type: 'progress', progress: progress() }), REPORT_MS);
step();

function step(): void {
  const elapsedMs = performance.now() - startedAt;
  while (!next.done && next.value <= elapsedMs && next.value < endMs) {
    const request = plan.next().value;
    if (request !== undefined) sender.send(request);
    next = times.next();
  }
  if (next.done || next.value >= endMs) finish();
  else setTimeout(step, Math.max(SLICE_MS, Math.min(REPORT_MS, next.value - elapsedMs)));
}

/** Waits for the answers that are still to come, and to the end of its time. */
function finish(): void {
  const left = Number.isFinite(endMs) ? endMs - (performance.now() - startedAt) : 0;
  if (sender.inFlight > 0 || left > 0) {
    setTimeout(finish, Math.max(SLICE_MS, Math.min(REPORT_MS, left)));
    return;
  }
  clearInterval(reporter);
  tell({ type: 'finished', progress: progress() });
}

function progress(): Progress {
  const elapsedMs = performance.now() - startedAt;
  const { sent, inFlight, skipped, answers } = sender;
  const targetRatePerS =
    order.offsets === null ? rateAt(elapsedMs, settings) : rateIn(order.offsets, elapsedMs);
  return { elapsedMs, targetRatePerS, sent, inFlight, skipped, answers: { ...answers } };
}

/** Recorded arrivals in the last second. */
function rateIn(offsets: readonly number[], elapsedMs: number): number {
  const [from, to] = [(elapsedMs - 1_000) * settings.speed, elapsedMs * settings.speed];
  return countBelow(offsets, to) - countBelow(offsets, from);
}

function countBelow(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* atSpeed(offsets: readonly number[], speed: number): Generator<number> {
  for (const offset of offsets) yield offset / speed;
}
