/** Closed loop: a fixed number of requests in flight, the next one sent when one is answered. */
import { Connection } from './connection.ts';
import { type LoadResult, Tally } from './tally.ts';

export interface ClosedLoad {
  port: number;
  request: Buffer;
  inFlight: number;
  durationMs: number;
}

const DRAIN_MS = 5_000;
/** A target that refuses connections is not to be asked as fast as the loop can turn. */
const RETRY_MS = 10;

export async function runClosedLoop(load: ClosedLoad): Promise<LoadResult> {
  const tally = new Tally();
  const startedAt = performance.now();
  const endsAt = startedAt + load.durationMs;
  const connections = Array.from({ length: load.inFlight }, () => new Connection(load.port));
  const drain = setTimeout(() => {
    for (const connection of connections) connection.close();
  }, load.durationMs + DRAIN_MS);
  await Promise.all(connections.map((connection) => keepBusy(connection, load.request, endsAt, tally)));
  clearTimeout(drain);
  const elapsedMs = performance.now() - startedAt;
  for (const connection of connections) connection.close();
  return tally.result(elapsedMs);
}

function keepBusy(connection: Connection, request: Buffer, endsAt: number, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const next = () => {
      const sentAt = performance.now();
      if (sentAt >= endsAt) {
        resolve();
        return;
      }
      connection.send(request, (outcome) => {
        tally.add(outcome, performance.now() - sentAt);
        if (outcome.error === null) next();
        else setTimeout(next, RETRY_MS);
      });
    };
    next();
  });
}
