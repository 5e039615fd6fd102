/** One configured backend: its connections, slots, breakers and address, and what has become of it. */
import { isDeepStrictEqual } from 'node:util';
import type { ReleaseGroups } from '#lib/batching/release-groups.ts';
import type { Breaker, Permit } from '#lib/breaker/types.ts';
import type { Timeouts, UpstreamConfig } from '#lib/contracts/config.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { Operation, Protocol } from '#lib/protocols/types.ts';
import { type CallRequest, type CallSink, UpstreamCall } from '#lib/upstream/call.ts';
import { type CallGate, Connections } from '#lib/upstream/connections.ts';
import type { ModelUsage } from '#lib/upstream/model-usage.ts';
import { modelMatcher } from '#lib/upstream/models.ts';
import type { Outbound } from '#lib/upstream/outbound.ts';
import type { Slots } from '#lib/upstream/slots.ts';

/** Every operation that a component of an upstream protects. */
export const OPERATIONS = ['chat', 'completions', 'embeddings', 'admin'] as const;
export type UpstreamOperation = Operation | 'admin';

export type Breakers = Readonly<Record<UpstreamOperation, Breaker>>;

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

type Fate =
  | { readonly kind: 'serving' }
  | { readonly kind: 'replaced'; readonly by: Upstream }
  | { readonly kind: 'removed' };

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
  readonly #gate: CallGate | null;
  #fate: Fate = { kind: 'serving' };
  #address: URL;
  #prefix: string;
  #connections: Connections;

  constructor(config: UpstreamConfig, url: string, parts: UpstreamParts) {
    const { breakers, slots, groups, usage, gate, onCall } = parts;
    this.config = config;
    this.breakers = breakers;
    this.slots = slots;
    this.groups = groups;
    this.usage = usage;
    this.#gate = gate;
    this.#onCall = onCall;
    this.protocol = config.kind === 'openai' ? 'openai' : 'ollama';
    this.serves = modelMatcher(config.models);
    this.authorization = config.api_key === undefined ? null : `Bearer ${config.api_key}`;
    this.#address = new URL(url);
    this.#prefix = prefixOf(this.#address);
    this.#connections = this.#connect();
  }

  /** This one, or what has replaced it since. */
  get latest(): Upstream {
    return this.#fate.kind === 'replaced' ? this.#fate.by.latest : this;
  }

  /**
   * Who takes a call that was written for this one: itself, or what has replaced it since if that is spoken to in the
   * same way; null when there is nobody any more.
   */
  get carrier(): Upstream | null {
    switch (this.#fate.kind) {
      case 'serving':
        return this;
      case 'replaced':
        return takesTheSame(this, this.#fate.by) ? this.#fate.by.carrier : null;
      case 'removed':
        return null;
      default:
        return this.#fate satisfies never;
    }
  }

  /** What to tell of a call that nobody takes any more. */
  get gone(): SwitchgearError {
    const what = this.#fate.kind === 'removed' ? 'removed' : 'changed';
    return new SwitchgearError('shutting_down', `Upstream ${this.name} was ${what} before the call went out`);
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
    return new UpstreamCall(this.#connections, addressed, timeouts, sink);
  }

  /** Follows a lab that came up again on another port. */
  async moveTo(url: string): Promise<void> {
    const old = this.#connections;
    this.#address = new URL(url);
    this.#prefix = prefixOf(this.#address);
    this.#connections = this.#connect();
    await old.retire();
  }

  /** From now on calls go to what has replaced it. */
  replaceBy(successor: Upstream): void {
    this.#fate = { kind: 'replaced', by: successor };
  }

  /** From now on nobody is called; those that wait are refused. */
  remove(): void {
    this.#fate = { kind: 'removed' };
    this.slots.close(this.gone);
    this.groups?.release();
  }

  /** Resolves when all calls that run have ended and the connections are closed. */
  async retire(): Promise<void> {
    await this.#connections.retire();
  }

  async destroy(): Promise<void> {
    await this.#connections.destroy();
  }

  #connect(): Connections {
    const { connections, timeout } = this.config;
    const { origin } = this.#address;
    return new Connections({ origin, connections, connectMs: timeout.connect_ms, gate: this.#gate });
  }
}

function takesTheSame(one: Upstream, other: Upstream): boolean {
  return (
    one.protocol === other.protocol &&
    one.authorization === other.authorization &&
    isDeepStrictEqual(one.config.models, other.config.models)
  );
}

function prefixOf(address: URL): string {
  return address.pathname.replace(/\/+$/, '');
}
