/** A real HTTP server on loopback whose every answer the test writes itself. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  text: string;
  json: Record<string, unknown> | undefined;
}

export type Script = (
  request: SeenRequest,
  res: ServerResponse,
  req: IncomingMessage,
) => void | Promise<void>;

export class ScriptedUpstream {
  readonly seen: SeenRequest[] = [];
  script: Script;
  readonly #server;
  readonly #cancels: (() => void)[] = [];
  /** Requests whose client went away before their answer was complete. */
  cancelled = 0;

  private constructor(script: Script) {
    this.script = script;
    this.#server = createServer((req, res) => this.#serve(req, res));
  }

  static async start(script: Script): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(script);
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves with the next cancelled request, or at once when one was cancelled already. */
  whenCancelled(count = 1): Promise<void> {
    if (this.cancelled >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#cancels.push(() => {
        if (this.cancelled >= count) resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const seen: SeenRequest = {
      method: req.method ?? '',
      path: req.url ?? '',
      headers: req.headers,
      text,
      json: text.startsWith('{') ? JSON.parse(text) : undefined,
    };
    this.seen.push(seen);
    res.on('close', () => {
      if (res.writableFinished) return;
      this.cancelled += 1;
      for (const notify of this.#cancels) notify();
    });
    await this.script(seen, res, req);
  }
}

export function json(
  res: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  res.end(text);
}
