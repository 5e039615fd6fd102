/**
 * The connections to one address: kept ones in a pool, and a new one for each call that must not go over a kept one.
 * Retired, they stay until the last call that was begun on them is over.
 */
import { performance } from 'node:perf_hooks';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { CallHandler, CallLine, Dispatching, Kept } from '#lib/upstream/call.ts';
import { IdleLimit } from '#lib/upstream/idle-limit.ts';

type Options = Dispatcher.DispatchOptions;

/** Stands in front of the connections and may make failures up. */
export interface CallGate {
  dispatch(pool: Dispatching, options: Options, handler: CallHandler): void;
}

export interface ConnectionsParts {
  readonly origin: string;
  /** Most that are kept. */
  readonly connections: number;
  readonly connectMs: number;
  readonly gate: CallGate | null;
}

export class Connections implements CallLine {
  readonly #parts: ConnectionsParts;
  readonly #connect: buildConnector.connector;
  readonly #idleLimit = new IdleLimit(() => performance.now());
  #idleMs = this.#idleLimit.ms;
  /** Opened by the first call, since most of many upstreams are never called, or to be closed for what comes late. */
  #pool: Pool | null = null;
  readonly #kept: Dispatching = { dispatch: (options, handler) => this.#opened().dispatch(options, handler) };
  /** Closed, with calls that are still running. */
  readonly #closing = new Set<Dispatcher>();
  #running = 0;
  #whenIdle: (() => void) | null = null;

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    // One for all, so that new connections resume the TLS sessions of others.
    this.#connect = buildConnector({ timeout: parts.connectMs, allowH2: false });
  }

  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#whenIdle?.();
  }

  dispatch(options: Options, handler: CallHandler): void {
    if (this.#idleLimit.ms !== this.#idleMs) this.#renew();
    const { gate } = this.#parts;
    if (gate === null) this.#opened().dispatch(options, handler);
    else gate.dispatch(this.#kept, options, handler);
  }

  dispatchAnew(options: Options, handler: CallHandler): void {
    const client = new Client(this.#parts.origin, { connect: this.#connect, allowH2: false });
    client.dispatch({ ...options, reset: true }, handler);
    this.#close(client);
  }

  lostAfter(idleMs: number): void {
    this.#idleLimit.lostAfter(idleMs);
  }

  /** Resolves when all that was begun is over and all connections are closed. Nothing may be begun any more. */
  async retire(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#opened().close();
  }

  /** Ends all that runs. */
  async destroy(): Promise<void> {
    await Promise.all([this.#opened(), ...this.#closing].map((each) => each.destroy()));
  }

  /** Drops what is idle, since more of it may be lost, and lets the rest end. */
  #renew(): void {
    if (this.#pool !== null) this.#close(this.#pool);
    this.#pool = null;
    this.#idleMs = this.#idleLimit.ms;
  }

  #opened(): Pool {
    this.#pool ??= new Pool(this.#parts.origin, {
      connections: this.#parts.connections,
      connect: this.#connect,
      keepAliveTimeout: this.#idleMs,
      // Also for a server that tells a longer time than it keeps.
      keepAliveMaxTimeout: this.#idleMs,
      // Over HTTP/2 calls would share one connection, and its slots and cancels would mean something else.
      allowH2: false,
      factory: (origin, options) => new KeptClient(origin, options),
    });
    return this.#pool;
  }

  #close(dispatcher: Client | Pool): void {
    this.#closing.add(dispatcher);
    void dispatcher.close().finally(() => this.#closing.delete(dispatcher));
  }
}

/** One place in the pool: a connection at a time, and on it one call at a time. */
class KeptClient extends Client implements Kept {
  #calls = 0;
  #restedAt = 0;

  constructor(origin: URL, options: object) {
    super(origin, options);
    this.on('connect', () => {
      this.#calls = 0;
    });
  }

  override dispatch(options: Options, handler: CallHandler): boolean {
    handler.onPlace?.(this);
    return super.dispatch(options, handler);
  }

  wrote(nowMs: number): number | null {
    this.#calls += 1;
    return this.#calls === 1 ? null : nowMs - this.#restedAt;
  }

  rested(nowMs: number): void {
    this.#restedAt = nowMs;
  }
}
