/** All configured upstreams: built from the configuration, rebuilt where it changes, asked by model. */
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { ReleaseGroups } from '#lib/batching/release-groups.ts';
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import type { Config, UpstreamConfig } from '#lib/contracts/config.ts';
import { isObject } from '#lib/protocols/json.ts';
import { parseAnswer } from '#lib/protocols/upstream-answer.ts';
import { askUpstream } from '#lib/upstream/admin.ts';
import type { CallGate } from '#lib/upstream/connections.ts';
import { ModelUsage, type ModelUse } from '#lib/upstream/model-usage.ts';
import { Slots } from '#lib/upstream/slots.ts';
import { type Breakers, OPERATIONS, Upstream, type UpstreamOperation } from '#lib/upstream/upstream.ts';

/** A running lab, as far as an upstream needs to know it. */
export interface Lab {
  readonly url: string;
  /** Resolves when its worker is gone: with its error when nobody closed it. */
  readonly exited: Promise<Error | null>;
  close(): Promise<void>;
}

export interface UpstreamsParts<L extends Lab> {
  /** Epoch milliseconds. */
  now: () => number;
  breakers: BreakerRegistry;
  startLab: (name: string) => Promise<L>;
  onLabCrashed: (name: string, error: Error) => void;
  /** What stands in front of the connections of an upstream that is no lab. */
  gateOf: (name: string) => CallGate;
  /** A model that had been idle is wanted. */
  onUse: (upstream: string, use: ModelUse) => void;
}

/** What a probe may take beyond its total budget before its place is given away. */
const PROBE_MARGIN_MS = 1_000;
/** Models whose routes are remembered; the oldest is forgotten first. */
const MAX_REMEMBERED_MODELS = 1_000;
const MAX_REMEMBERED_CHARS = 256;

export class Upstreams<L extends Lab = Lab> {
  readonly #parts: UpstreamsParts<L>;
  #upstreams: readonly Upstream[] = [];
  readonly #labs = new Map<string, L>();
  readonly #groups = new Map<string, ReleaseGroups>();
  #keepAliveMs = 0;
  readonly #usages = new Map<string, ModelUsage>();
  /** Capacities that the allocator set. */
  readonly #sized = new Map<string, number>();
  readonly #routes = new Map<string, readonly Upstream[]>();
  readonly #observers = new Set<(component: string) => void>();
  /** Replaced or removed, with calls that still run. */
  readonly #leaving = new Set<{ readonly upstream: Upstream; readonly lab: L | null }>();
  #closed = false;

  constructor(parts: UpstreamsParts<L>) {
    this.#parts = parts;
  }

  list(): readonly Upstream[] {
    return this.#upstreams;
  }

  /** The lab behind an upstream of that name. */
  lab(name: string): L | undefined {
    return this.#labs.get(name);
  }

  /** Upstreams that serve a model, in file order. */
  serving(model: string): readonly Upstream[] {
    const known = this.#routes.get(model);
    if (known !== undefined) return known;
    const serving = this.#upstreams.filter((upstream) => upstream.serves(model));
    if (model.length > MAX_REMEMBERED_CHARS) return serving;
    if (this.#routes.size >= MAX_REMEMBERED_MODELS) {
      for (const oldest of this.#routes.keys()) {
        this.#routes.delete(oldest);
        break;
      }
    }
    this.#routes.set(model, serving);
    return serving;
  }

  /** Tells of every call to any upstream as it goes out. @returns ends it */
  observe(observer: (component: string) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Whether an Ollama answers there. It is asked like any upstream: in a slot, under leave of a breaker. */
  async findsOllama(config: UpstreamConfig): Promise<boolean> {
    const slots = new Slots({ capacity: 1, queue: 0, queueWaitMs: config.timeout.total_ms });
    const upstream = this.#open(config, config.url ?? '', slots, null);
    try {
      const { status, body } = await askUpstream(upstream, 'GET', '/api/version');
      return status === 200 && isObject(parseAnswer(body, config.name)) && body.includes('"version"');
    } catch {
      return false;
    } finally {
      await upstream.destroy();
      for (const operation of OPERATIONS) this.#parts.breakers.remove(`${config.name}.${operation}`);
    }
  }

  /**
   * Takes a configuration. What did not change goes on untouched; calls that run on a replaced upstream end there, and
   * those that wait go on to its successor; a breaker keeps its state and window as long as its upstream's name lasts.
   * What may fail comes first: nothing has changed when it throws before, or in, `begin`, which is called once all that
   * is new is there.
   */
  async apply(config: Config, begin: () => void = () => {}): Promise<void> {
    await this.#startLabs(config, begin);
    this.#keepAliveMs = 1_000 * config.allocation.keep_alive_s;
    for (const groups of this.#groups.values()) groups.keepAliveMs = this.#keepAliveMs;
    const addresses = new Map<UpstreamConfig, string>();
    for (const wanted of config.upstreams) {
      if (!isDeepStrictEqual(this.#named(wanted.name)?.config, wanted))
        addresses.set(wanted, this.#addressOf(wanted));
    }
    // From here on at once: nobody sees a part of it.
    const queue = { queue: config.limits.queue, queueWaitMs: config.limits.queue_wait_ms };
    const next = config.upstreams.map((wanted) => {
      const url = addresses.get(wanted);
      const present = this.#named(wanted.name);
      if (url === undefined && present !== undefined) return present;
      const slots = present?.slots ?? new Slots({ capacity: this.#capacityOf(wanted), ...queue });
      const gate = wanted.kind === 'lab' ? null : this.#parts.gateOf(wanted.name);
      return this.#open(wanted, url ?? wanted.url ?? '', slots, gate);
    });
    const gone = this.#upstreams.filter((upstream) => !next.includes(upstream));
    this.#upstreams = next;
    this.#routes.clear();
    for (const upstream of gone) this.#retire(upstream);
    // Last: those that a larger capacity lets go must find what they go to.
    for (const { config: own, slots } of next) slots.setLimits({ capacity: this.#capacityOf(own), ...queue });
  }

  /** Sizes what an upstream may have in flight, at most its configured connections; null goes back to those. */
  setCapacity(name: string, capacity: number | null): void {
    if (capacity === null) this.#sized.delete(name);
    else this.#sized.set(name, capacity);
    const upstream = this.#named(name);
    upstream?.slots.setLimits({ ...upstream.slots.limits, capacity: this.#capacityOf(upstream.config) });
  }

  /** Ends all calls and closes all connections and labs. */
  async close(): Promise<void> {
    this.#closed = true;
    const leaving = [...this.#leaving];
    const upstreams = [...this.#upstreams, ...leaving.map(({ upstream }) => upstream)];
    await Promise.all(upstreams.map((upstream) => upstream.destroy()));
    await Promise.all([...this.#labs.values(), ...leaving.map(({ lab }) => lab)].map((lab) => lab?.close()));
    this.#upstreams = [];
    this.#labs.clear();
  }

  #named(name: string): Upstream | undefined {
    return this.#upstreams.find((upstream) => upstream.name === name);
  }

  #retire(upstream: Upstream): void {
    const { name } = upstream;
    const successor = this.#named(name);
    if (successor === undefined) {
      upstream.remove();
      for (const operation of OPERATIONS) this.#parts.breakers.remove(`${name}.${operation}`);
      this.#groups.delete(name);
      this.#usages.delete(name);
      this.#sized.delete(name);
    } else upstream.replaceBy(successor);
    const lab = successor?.config.kind === 'lab' ? null : (this.#labs.get(name) ?? null);
    if (lab !== null) this.#labs.delete(name);
    // Not awaited: running calls may take minutes to end, and their lab with them.
    void this.#letGo({ upstream, lab });
  }

  async #letGo(leaving: { upstream: Upstream; lab: L | null }): Promise<void> {
    this.#leaving.add(leaving);
    await leaving.upstream.retire().catch(() => leaving.upstream.destroy());
    await leaving.lab?.close();
    this.#leaving.delete(leaving);
  }

  #open(config: UpstreamConfig, url: string, slots: Slots, gate: CallGate | null): Upstream {
    return new Upstream(config, url, {
      breakers: this.#breakersOf(config),
      slots,
      groups: this.#groupsOf(config),
      usage: this.#usageOf(config.name),
      gate,
      onCall: (component) => {
        for (const observer of this.#observers) observer(component);
      },
    });
  }

  /** Those of the upstream that this one replaces: who waits there goes on waiting. */
  #groupsOf({ name, kind, batching }: UpstreamConfig): ReleaseGroups | null {
    if (kind === 'openai') return null;
    const maxWaitMs = batching.llm.max_wait_ms;
    const groups =
      this.#groups.get(name) ?? new ReleaseGroups(maxWaitMs, this.#keepAliveMs, () => performance.now());
    groups.maxWaitMs = maxWaitMs;
    this.#groups.set(name, groups);
    return groups;
  }

  #capacityOf({ name, connections }: UpstreamConfig): number {
    return Math.min(connections, this.#sized.get(name) ?? connections);
  }

  #usageOf(name: string): ModelUsage {
    const known = this.#usages.get(name);
    if (known !== undefined) return known;
    const usage = new ModelUsage(this.#parts.now, (use) => this.#parts.onUse(name, use));
    this.#usages.set(name, usage);
    return usage;
  }

  #breakersOf(config: UpstreamConfig): Breakers {
    const ensure = (operation: UpstreamOperation) =>
      this.#parts.breakers.ensure(`${config.name}.${operation}`, config.breaker, {
        // The total budget starts after the permit is taken, and its timeout must still find its probe.
        probeLeaseMs: config.timeout.total_ms + PROBE_MARGIN_MS,
        capacity: config.connections,
      });
    return {
      chat: ensure('chat'),
      completions: ensure('completions'),
      embeddings: ensure('embeddings'),
      admin: ensure('admin'),
    };
  }

  #addressOf({ name, kind, url }: UpstreamConfig): string {
    return (kind === 'lab' ? this.#labs.get(name)?.url : url) ?? '';
  }

  /** Those that a configuration has and that do not run yet. Closes them again when one of them, or `begin`, fails. */
  async #startLabs({ upstreams }: Config, begin: () => void): Promise<void> {
    const started: string[] = [];
    try {
      for (const { name, kind } of upstreams) {
        if (kind !== 'lab' || this.#labs.has(name)) continue;
        await this.#startLab(name);
        started.push(name);
      }
      begin();
    } catch (thrown) {
      await Promise.all(started.map((name) => this.#closeLab(name)));
      throw thrown;
    }
  }

  async #closeLab(name: string): Promise<void> {
    await this.#labs.get(name)?.close();
    this.#labs.delete(name);
  }

  async #startLab(name: string): Promise<L> {
    const lab = await this.#parts.startLab(name);
    this.#labs.set(name, lab);
    void lab.exited.then((error) => {
      if (error === null || this.#closed || this.#labs.get(name) !== lab) return;
      this.#parts.onLabCrashed(name, error);
      this.#restartLab(name);
    });
    return lab;
  }

  #restartLab(name: string): void {
    this.#startLab(name)
      .then(async (lab) => {
        const upstream = this.#named(name);
        if (upstream?.config.kind === 'lab') return upstream.moveTo(lab.url);
        // It was removed while the lab came up.
        if (this.#labs.get(name) === lab) this.#labs.delete(name);
        return lab.close();
      })
      .catch((error: Error) => this.#parts.onLabCrashed(name, error));
  }
}
