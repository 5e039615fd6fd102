/** The batchers of every upstream: one for embeddings, one for prompts. Their limits change live. */
import { Batcher, type BatchLimits, type RunBatch } from '#lib/batching/batcher.ts';
import type { BatchKind, BatchLimitsPatch } from '#lib/contracts/batching.ts';
import type { Config, UpstreamConfig } from '#lib/contracts/config.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

interface Own<R extends object> {
  readonly upstream: string;
  readonly batcher: R;
}

/** All batchers of one kind, by upstream. */
export class BatcherSet<T, R, E> {
  readonly #kind: BatchKind;
  readonly #run: RunBatch<T, R, E>;
  readonly #config: () => Config;
  readonly #monotonicMs: () => number;
  readonly #batchers = new Map<string, Batcher<T, R, E>>();
  #overrides = new Map<string, Partial<UpstreamConfig['batching'][BatchKind]>>();
  #isDraining = false;

  constructor(kind: BatchKind, config: () => Config, monotonicMs: () => number, run: RunBatch<T, R, E>) {
    this.#kind = kind;
    this.#config = config;
    this.#monotonicMs = monotonicMs;
    this.#run = run;
  }

  of(upstream: Upstream): Batcher<T, R, E> {
    const known = this.#batchers.get(upstream.name);
    if (known !== undefined) return known;
    const batcher = new Batcher<T, R, E>({
      limits: this.#limitsOf(upstream.config),
      now: this.#monotonicMs,
      run: this.#run,
    });
    if (this.#isDraining) batcher.drain();
    this.#batchers.set(upstream.name, batcher);
    return batcher;
  }

  list(): Own<Batcher<T, R, E>>[] {
    return [...this.#batchers].map(([upstream, batcher]) => ({ upstream, batcher }));
  }

  /** Takes the limits of a changed configuration, and forgets upstreams that are gone. */
  reconfigured(upstreams: readonly Upstream[]): void {
    const configured = new Map(upstreams.map(({ name, config }) => [name, config]));
    for (const [name, batcher] of this.#batchers) {
      const config = configured.get(name);
      if (config === undefined) {
        batcher.drain();
        this.#batchers.delete(name);
        this.#overrides.delete(name);
      } else batcher.setLimits(this.#limitsOf(config));
    }
  }

  /** Until the server starts anew. */
  override(upstream: Upstream, limits: BatchLimitsPatch): void {
    const changed = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
    this.#overrides.set(upstream.name, { ...this.#overrides.get(upstream.name), ...changed });
    this.of(upstream).setLimits(this.#limitsOf(upstream.config));
  }

  drain(): void {
    this.#isDraining = true;
    for (const batcher of this.#batchers.values()) batcher.drain();
  }

  close(): void {
    for (const batcher of this.#batchers.values()) batcher.close();
  }

  #limitsOf({ name, batching, connections }: UpstreamConfig): BatchLimits {
    const { max_size, max_wait_ms, max_tokens, max_bytes } = {
      ...batching[this.#kind],
      ...this.#overrides.get(name),
    };
    return {
      maxSize: max_size,
      maxWaitMs: max_wait_ms,
      maxTokens: max_tokens,
      maxBytes: max_bytes,
      maxQueued: this.#config().limits.queue,
      maxInFlight: connections,
    };
  }
}
