/**
 * Open loop: requests leave at a fixed rate, whether or not earlier ones are answered, and each latency runs from the
 * moment the schedule meant it to leave. A target that stalls is charged for all who would have waited (what Gil Tene
 * calls coordinated omission is left out otherwise).
 */
import { Connection } from './connection.ts';
import { type LoadResult, Tally } from './tally.ts';

export interface OpenLoad {
  port: number;
  request: Buffer;
  ratePerS: number;
  durationMs: number;
}

/** More than this many unanswered requests: the target does not keep up, and the rest fail as `overload`. */
const MAX_IN_FLIGHT = 512;
const DRAIN_MS = 5_000;
/** A timer may fire this much late; the last stretch before a departure is spent turning the event loop instead. */
const TIMER_SLACK_MS = 1.5;

export async function runOpenLoop(load: OpenLoad): Promise<LoadResult> {
  const tally = new Tally();
  const idle: Connection[] = [];
  const all: Connection[] = [];
  const answers: Promise<void>[] = [];
  const startedAt = performance.now();
  const count = Math.floor((load.durationMs / 1_000) * load.ratePerS);

  for (let sent = 0; sent < count; sent += 1) {
    const intendedAt = startedAt + (sent / load.ratePerS) * 1_000;
    await until(intendedAt);
    const connection = idle.pop() ?? open();
    if (connection === null) tally.fail('overload');
    else answers.push(sendOne(connection, intendedAt));
  }
  const elapsedMs = performance.now() - startedAt;
  const drain = setTimeout(() => closeAll(), DRAIN_MS);
  await Promise.all(answers);
  clearTimeout(drain);
  closeAll();
  return tally.result(elapsedMs);

  function open(): Connection | null {
    if (all.length >= MAX_IN_FLIGHT) return null;
    const connection = new Connection(load.port);
    all.push(connection);
    return connection;
  }

  function sendOne(connection: Connection, intendedAt: number): Promise<void> {
    return new Promise((resolve) => {
      connection.send(load.request, (outcome) => {
        tally.add(outcome, performance.now() - intendedAt);
        idle.push(connection);
        resolve();
      });
    });
  }

  function closeAll(): void {
    for (const connection of all) connection.close();
  }
}

async function until(at: number): Promise<void> {
  const timerMs = Math.floor(at - performance.now() - TIMER_SLACK_MS);
  if (timerMs > 0) await new Promise((resolve) => setTimeout(resolve, timerMs));
  while (performance.now() < at) await new Promise((resolve) => setImmediate(resolve));
}
