/** Closed loop: a fixed number of requests in flight, the next one sent when one is answered. Driven by autocannon. */
import autocannon from 'autocannon';
import type { Endpoint } from './streams.ts';
import { type LoadResult, Tally } from './tally.ts';

export interface ClosedLoad {
  endpoint: Endpoint;
  body: string;
  /** Sent in turn by each connection, in the place of `body`. */
  bodies?: string[];
  inFlight: number;
  durationMs: number;
}

/** Latencies are taken from each response: autocannon's own histogram has whole milliseconds. */
export function runClosedLoop({
  endpoint,
  body,
  bodies,
  inFlight,
  durationMs,
}: ClosedLoad): Promise<LoadResult> {
  const tally = new Tally();
  const startedAt = performance.now();
  let clients = 0;
  return new Promise((resolve, reject) => {
    const instance = autocannon(
      {
        url: `http://127.0.0.1:${endpoint.port}${endpoint.path}`,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...endpoint.headers },
        body,
        ...(bodies === undefined
          ? {}
          : {
              // Each connection begins elsewhere, so that none asks for what another has just been answered.
              setupClient(client) {
                const first = Math.floor((clients * bodies.length) / inFlight);
                clients += 1;
                client.setRequests(
                  [...bodies.slice(first), ...bodies.slice(0, first)].map((each) => ({ body: each })),
                );
              },
            }),
        connections: inFlight,
        duration: durationMs / 1_000,
      },
      (error: Error | null, result) => {
        if (error !== null) {
          reject(error);
          return;
        }
        for (let lost = 0; lost < result.errors; lost += 1) tally.fail('connection lost or timed out');
        resolve(tally.result(performance.now() - startedAt));
      },
    );
    instance.on('response', (_client, status, _bytes, latencyMs) => {
      tally.add({ status, error: null }, latencyMs);
    });
  });
}
