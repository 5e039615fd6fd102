/** The two ends of the data plane without a network: a client that reads at its own pace, an upstream that is told what to send. */
import { createServer, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { BreakerRegistry } from '#lib/breaker/registry.ts';
import { ResponseCache } from '#lib/cache/response-cache.ts';
import { type Config, configSchema } from '#lib/contracts/config.ts';
import { AnswerCache } from '#lib/gateway/answer-cache.ts';
import { SlowReaders } from '#lib/gateway/client/slow-readers.ts';
import { Gateway } from '#lib/gateway/gateway.ts';
import { LargeAnswers } from '#lib/gateway/large/large-answers.ts';
import { Holdings } from '#lib/gateway/shared/holdings.ts';
import { RequestBodies } from '#lib/http/request-bodies.ts';
import { RequestTrace } from '#lib/telemetry/request-trace.ts';
import { Upstreams } from '#lib/upstream/upstreams.ts';

export const BYTES_PER_MB = 1024 * 1024;

/** Lets everything that is due happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** One call as the upstream sees it. */
export class WireCall implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  readonly body: string;
  readonly #handler: Dispatcher.DispatchHandler;

  constructor(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
    this.body = String(options.body);
    this.#handler = handler;
    handler.onRequestStart?.(this, {});
  }

  head(status: number, contentType: string): void {
    if (!this.aborted) this.#handler.onResponseStart?.(this, status, { 'content-type': contentType }, '');
  }

  /** Whatever the pace: the one who calls looks at `paused` first. */
  send(chunk: string | Buffer): void {
    if (!this.aborted) this.#handler.onResponseData?.(this, Buffer.from(chunk));
  }

  end(): void {
    if (!this.aborted) this.#handler.onResponseEnd?.(this, {});
  }

  cut(): void {
    const error = Object.assign(new Error('cut'), { code: 'ECONNRESET' });
    if (!this.aborted) this.#handler.onResponseError?.(this, error);
  }

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** A client's connection: what is written to it waits until it is read. */
export class WireClient {
  text = '';
  isOpen = true;
  readonly #connection: Duplex;
  readonly #unread: { chunk: Buffer; taken: () => void }[] = [];
  #reads = false;

  constructor(server: Server) {
    this.#connection = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, taken) => {
        this.#unread.push({ chunk, taken });
        if (this.#reads) this.#readAll();
      },
      destroy: (_error, done) => {
        this.isOpen = false;
        done(null);
      },
    });
    this.#connection.on('error', () => {});
    server.emit('connection', this.#connection);
  }

  post(path: string, body: object): void {
    const text = JSON.stringify(body);
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
    this.#connection.push(head + text);
  }

  /** Takes what one write wrote. */
  readOne(): void {
    const next = this.#unread.shift();
    if (next === undefined) return;
    this.text += next.chunk.toString('latin1');
    next.taken();
  }

  /** From now on it takes everything at once, or nothing. */
  reads(everything: boolean): void {
    this.#reads = everything;
    if (everything) this.#readAll();
  }

  leave(): void {
    this.#connection.destroy();
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.text)?.[1] ?? 0);
  }

  /** The body, whether in chunks or not. */
  get body(): string {
    const end = this.text.indexOf('\r\n\r\n');
    if (end === -1) return '';
    const rest = this.text.slice(end + 4);
    if (!/^transfer-encoding: chunked/im.test(this.text.slice(0, end))) return rest;
    let [body, at] = ['', 0];
    while (at < rest.length) {
      const line = rest.indexOf('\r\n', at);
      const length = Number.parseInt(rest.slice(at, line), 16);
      if (line === -1 || !(length > 0)) break;
      body += rest.slice(line + 2, line + 2 + length);
      at = line + 4 + length;
    }
    return body;
  }

  /** Whether the whole of the answer has come. */
  get isWhole(): boolean {
    const end = this.text.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const length = /^content-length: (\d+)/im.exec(this.text.slice(0, end))?.[1];
    if (length !== undefined) return this.text.length - end - 4 === Number(length);
    return this.text.endsWith('\r\n0\r\n\r\n');
  }

  #readAll(): void {
    for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
      this.text += next.chunk.toString('latin1');
      next.taken();
    }
  }
}

export interface DataPlane {
  readonly calls: readonly WireCall[];
  readonly holdings: Holdings;
  readonly slow: SlowReaders;
  readonly clock: { ms: number };
  readonly errors: unknown[];
  connect(): WireClient;
  close(): Promise<void>;
}

/** The gateway between them, all of it real, of one upstream of kind openai. */
export async function startDataPlane(
  config: Record<string, unknown> = {},
  {
    leadBytes,
    large = new LargeAnswers(),
    staleIfErrorMs = 0,
  }: { leadBytes?: number; large?: LargeAnswers; staleIfErrorMs?: number } = {},
): Promise<DataPlane> {
  const upstream = { name: 'a', kind: 'openai', url: 'http://127.0.0.1:1/v1', connections: 1_000 };
  const parsed: Config = configSchema.parse({ upstreams: [upstream], ...config });
  const clock = { ms: 1_000 };
  const monotonicMs = () => clock.ms;
  const calls: WireCall[] = [];
  const errors: unknown[] = [];
  const slow = new SlowReaders({ stallMs: () => 1_000 * parsed.limits.client_stall_s, monotonicMs });
  const holdings = new Holdings({
    limitBytes: () => BYTES_PER_MB * parsed.limits.held_mb,
    onFull: (excess) => slow.makeRoom(excess),
    ...(leadBytes === undefined ? {} : { leadBytes }),
  });
  const upstreams = new Upstreams({
    now: () => clock.ms,
    breakers: new BreakerRegistry({ now: () => clock.ms, onTransition: () => {} }),
    startLab: () => Promise.reject(new Error('no lab here')),
    onLabCrashed: () => {},
    gateOf: () => ({
      dispatch: (_pool, options, handler) => void calls.push(new WireCall(options, handler)),
    }),
    onUse: () => {},
  });
  await upstreams.apply(parsed);
  const cache = new ResponseCache({
    limits: { maxBytes: parsed.cache.memory_mb * BYTES_PER_MB, staleIfErrorMs },
    now: () => clock.ms,
    monotonicMs,
    random: () => 0.5,
    onCorrupt: () => {},
    onLook: () => {},
  });
  const answers = new AnswerCache({
    cache,
    holdings,
    large,
    config: () => parsed,
    now: () => clock.ms,
    monotonicMs,
    random: () => 1,
    onCanaryFailed: () => {},
  });
  const gateway = new Gateway({
    now: () => clock.ms,
    answers,
    upstreams,
    access: () => ({ checkData: () => null, hasAdminToken: () => false }),
    config: () => parsed,
    requests: {
      begin: (facts) => new RequestTrace({ ...facts, atMs: clock.ms }),
      end: () => {},
    },
    bodies: new RequestBodies(),
    outlets: { slow, holdings },
    onInternalError: (error) => errors.push(error.cause ?? error),
  });
  const server = createServer((req, res) => void gateway.handle(req, res));
  const clients: WireClient[] = [];
  return {
    calls,
    holdings,
    slow,
    clock,
    errors,
    connect() {
      const client = new WireClient(server);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.leave();
      await settle();
      slow.close();
      await large.close();
      await upstreams.close();
    },
  };
}
