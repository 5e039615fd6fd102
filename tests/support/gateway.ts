/** The data plane on a real socket, without Next, for tests that need many of them. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { configSchema } from '#lib/contracts/config.ts';
import { createHttpServer, drain, listen } from '#lib/http/server.ts';
import { Runtime } from '#lib/runtime.ts';
import { createLogger } from '#lib/telemetry/logger.ts';

export interface TestGateway {
  url: string;
  runtime: Runtime;
  server: Server;
  close(): Promise<void>;
}

/** Starts a gateway from a configuration as it would stand in `switchgear.yaml`. */
export async function startGateway(config: Record<string, unknown>): Promise<TestGateway> {
  const runtime = await Runtime.start({ config: configSchema.parse(config), logger: createLogger('silent') });
  const server = createHttpServer((req, res) => {
    if (!runtime.gateway.handle(req, res)) res.writeHead(404).end();
  });
  await listen(server, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runtime,
    server,
    async close() {
      await drain(server, () => 0);
      await runtime.close();
    },
  };
}

export function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}
