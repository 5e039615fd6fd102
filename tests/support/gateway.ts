/** The data plane on a real socket, without Next, for tests that need many of them. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { configSchema } from '#lib/contracts/config.ts';
import type { Pace } from '#lib/http/body-pace.ts';
import { createHttpServer, drain, listen } from '#lib/http/server.ts';
import { Runtime } from '#lib/runtime.ts';
import { createLogger } from '#lib/telemetry/logger.ts';

export interface TestGateway {
  url: string;
  runtime: Runtime;
  server: Server;
  close(): Promise<void>;
}

/** Starts a gateway from a configuration as it would stand in `switchgear.yaml`, on a free port. */
export async function startGateway(
  config: Record<string, unknown>,
  { pace, ...options }: { now?: () => number; ollamaUrl?: string; pace?: Pace } = {},
): Promise<TestGateway> {
  let runtime: Runtime | null = null;
  const server = createHttpServer(
    (req, res) => {
      if (runtime?.gateway.handle(req, res) !== true) res.writeHead(404).end();
    },
    pace === undefined ? {} : { pace },
  );
  await listen(server, '127.0.0.1', 0);
  const { port } = server.address() as AddressInfo;
  const parsed = configSchema.parse({ listen: { port }, ...config });
  const started = await Runtime.start({ config: parsed, logger: createLogger('silent'), ...options });
  runtime = started;
  return {
    url: `http://127.0.0.1:${port}`,
    runtime: started,
    server,
    async close() {
      await drain(server, 0);
      await started.close();
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
