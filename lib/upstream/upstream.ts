/** One configured backend: its connections, slots, breakers and address. */
import { type Dispatcher, Pool } from 'undici';
import type { ReleaseGroups } from '#lib/batching/release-groups.ts';
import type { Breaker, Permit } from '#lib/breaker/types.ts';
import type { Timeouts, UpstreamConfig } from '#lib/contracts/config.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { Operation, Protocol } from '#lib/protocols/types.ts';
import { type CallRequest, type CallSink, type Dispatching, UpstreamCall } from '#lib/upstream/call.ts';
import type { ModelUsage } from '#lib/upstream/model-usage.ts';
import { modelMatcher } from '#lib/upstream/models.ts';
import type { Outbound } from '#lib/upstream/outbound.ts';
import type { Slots } from '#lib/upstream/slots.ts';

/** Every operation that a component of an upstream protects. */
export const OPERATIONS = ['chat', 'completions', 'embeddings', 'admin'] as const;
export type UpstreamOperation = Operation | 'admin';

export type Breakers = Readonly<Record<UpstreamOperation, Breaker>>;

/** Stands in front of the connections and may make failures up. */
export interface CallGate {
  dispatch(pool: Dispatching, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
}

export interface UpstreamParts {
  readonly breakers: Breakers;
  /** Those of the upstream that this one replaces: who waits there goes on waiting. */
  readonly slots: Slots;
  /** Of an upstream that tells of its loads; null for others. */
  readonly groups: ReleaseGroups | null;
  /** Goes on when an upstream of the same name takes its place. */
  readonly usage: ModelUsage;
  readonly gate: CallGate | null;
  /** Told of each call as it goes out. */
  readonly onCall: (component: string) => void;
}

/** Idle connections live as long as common servers keep theirs (nginx 75 s, Node 5 s tell so by header). */
const KEEP_ALIVE_MS = 60_000;

export class Upstream {
  readonly config: UpstreamConfig;
  readonly breakers: Breakers;
  readonly slots: Slots;
  readonly groups: ReleaseGroups | null;
  readonly usage: ModelUsage;
  readonly protocol: Protocol;
  readonly serves: (model: string) => boolean;
  readonly authorization: string | null;
  readonly #onCall: (component: string) => void;
  #successor: Upstream | null = null;
  #address: URL;
  #prefix: string;
  /** Opened by the first call: most of many upstreams are never called. */
  #pool: Pool | null = null;
  readonly #dispatcher: Dispatching;

  constructor(config: UpstreamConfig, url: string, parts: UpstreamParts) {
    const { breakers, slots, groups, usage, gate, onCall } = parts;
    this.config = config;
    this.breakers = breakers;
    this.slots = slots;
    this.groups = groups;
    this.usage = usage;
    this.#onCall = onCall;
    this.protocol = config.kind === 'openai' ? 'openai' : 'ollama';
    this.serves = modelMatcher(config.models);
    this.authorization = config.api_key === undefined ? null : `Bearer ${config.api_key}`;
    this.#address = new URL(url);
    this.#prefix = prefixOf(this.#address);
    this.#dispatcher = {
      dispatch: (options, handler) =>
        gate === null
          ? this.#connections().dispatch(options, handler)
          : gate.dispatch(this.#connections(), options, handler),
    };
  }

  /** This one, or what has replaced it since. */
  get latest(): Upstream {
    return this.#successor?.latest ?? this;
  }

  get name(): string {
    return this.config.name;
  }

  /** The address without credentials. */
  get url(): string {
    return `${this.#address.origin}${this.#prefix}`;
  }

  /** Makes one call for a registered function. The caller holds a slot and the permit, and gives both back. */
  call(
    by: Outbound,
    permit: Permit,
    request: CallRequest,
    sink: CallSink,
    timeouts: Timeouts = this.config.timeout,
  ): UpstreamCall {
    by.calls += 1;
    this.#onCall(permit.component);
    const addressed = { ...request, path: this.#prefix + request.path };
    return new UpstreamCall(this.#dispatcher, addressed, timeouts, sink);
  }

  /** Follows a lab that came up again on another port. */
  async moveTo(url: string): Promise<void> {
    const old = this.#pool;
    this.#address = new URL(url);
    this.#prefix = prefixOf(this.#address);
    this.#pool = null;
    await old?.destroy();
  }

  /** Lets running calls end and closes the connections; those that wait go to the successor, or are refused. */
  async close(successor: Upstream | null = null): Promise<void> {
    this.#successor = successor;
    if (successor === null)
      this.slots.close(new SwitchgearError('shutting_down', `Upstream ${this.name} was removed`));
    await this.#connections().close();
  }

  async destroy(): Promise<void> {
    await this.#connections().destroy();
  }

  /** Also of one that ends without a call: what comes late finds it closed. */
  #connections(): Pool {
    this.#pool ??= new Pool(this.#address.origin, {
      connections: this.config.connections,
      connect: { timeout: this.config.timeout.connect_ms },
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Over HTTP/2 calls would share one connection, and its slots and cancels would mean something else.
      allowH2: false,
    });
    return this.#pool;
  }
}

function prefixOf(address: URL): string {
  return address.pathname.replace(/\/+$/, '');
}
