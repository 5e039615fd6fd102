/**
 * The workload's worker thread: reads the recording, plans, sends and reads answers on an event loop of its own, so
 * that the gateway's never does. Ends by `terminate`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isSwitchgearError } from '#lib/errors.ts';
import { arrivals, rateAt } from '#lib/lab/workload/arrivals.ts';
import { readRecording, recordedArrivals, recordedRateAt } from '#lib/lab/workload/csv.ts';
import type { FromWorkload, Progress, WorkloadOrder } from '#lib/lab/workload/messages.ts';
import { plannedRequests } from '#lib/lab/workload/plan.ts';
import { Sender } from '#lib/lab/workload/sender.ts';

const REPORT_MS = 500;
/** Arrivals that are due within it are sent by one timer. */
const SLICE_MS = 10;

interface Times {
  /** Milliseconds from the start, ascending. */
  readonly offsets: Iterator<number, unknown>;
  readonly rateAt: (elapsedMs: number) => number;
  /** Of a recording: how many, and for how long. */
  readonly arrivals: number | null;
  readonly lastsMs: number;
}

const port = parentPort;
if (port === null) throw new Error('lib/lab/workload/worker.ts runs as a worker only');
const tell = (message: FromWorkload) => port.postMessage(message);

// Given by WorkloadControl, which is typed.
const order = workerData as WorkloadOrder;
const times = readTimes();
if (times !== null) run(times);

function readTimes(): Times | null {
  try {
    return timesOf(order);
  } catch (thrown) {
    if (!isSwitchgearError(thrown)) throw thrown;
    tell({ type: 'refused', message: thrown.message });
    return null;
  }
}

function timesOf({ csv, settings }: WorkloadOrder): Times {
  if (csv === null) {
    return {
      offsets: arrivals(settings),
      rateAt: (elapsedMs) => rateAt(elapsedMs, settings),
      arrivals: null,
      lastsMs: Number.POSITIVE_INFINITY,
    };
  }
  const { seed, speed } = settings;
  const recording = readRecording(csv);
  return {
    offsets: atSpeed(recordedArrivals(recording, seed), speed),
    rateAt: (elapsedMs) => recordedRateAt(recording, elapsedMs * speed) * speed,
    arrivals: recording.requests,
    lastsMs: recording.lastsMs / speed,
  };
}

function run({ offsets, rateAt, arrivals, lastsMs }: Times): void {
  const { settings } = order;
  const askedMs = settings.duration_s === null ? Number.POSITIVE_INFINITY : settings.duration_s * 1_000;
  const endMs = Math.min(askedMs, lastsMs);
  const sender = new Sender(order);
  const startedAt = performance.now();
  let next = offsets.next();
  const plan = plannedRequests(settings, () => (next.done === true ? 0 : next.value));

  const progress = (): Progress => {
    const elapsedMs = performance.now() - startedAt;
    const { sent, inFlight, skipped, answers } = sender;
    const targetRatePerS = elapsedMs < endMs ? rateAt(elapsedMs) : 0;
    const sample = sender.sampler.take();
    return { elapsedMs, targetRatePerS, sent, inFlight, skipped, answers: { ...answers }, sample };
  };
  const step = () => {
    const elapsedMs = performance.now() - startedAt;
    // At its very end a recording may have arrivals yet: those of a single line.
    while (next.done !== true && next.value <= elapsedMs && next.value <= endMs) {
      const request = plan.next().value;
      if (request !== undefined) sender.send(request);
      next = offsets.next();
    }
    if (next.done === true || next.value > endMs) finish();
    else setTimeout(step, Math.max(SLICE_MS, Math.min(REPORT_MS, next.value - elapsedMs)));
  };
  /** Waits for the answers that are still to come, and to the end of its time. */
  const finish = () => {
    const left = Number.isFinite(endMs) ? endMs - (performance.now() - startedAt) : 0;
    if (sender.inFlight > 0 || left > 0) {
      setTimeout(finish, Math.max(SLICE_MS, Math.min(REPORT_MS, left)));
      return;
    }
    clearInterval(reporter);
    tell({ type: 'finished', progress: progress() });
  };

  tell({ type: 'ready', arrivals, lastsMs: Number.isFinite(endMs) ? endMs : null });
  const reporter = setInterval(() => tell({ type: 'progress', progress: progress() }), REPORT_MS);
  step();
}

function* atSpeed(offsets: Iterable<number>, speed: number): Generator<number> {
  for (const offset of offsets) yield offset / speed;
}
