/** All breakers by the name of their component. The sandbox `test` is always there. */
import { type BreakerParts, CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import { SANDBOX, sandboxSettings } from '#lib/breaker/sandbox.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';
import { SwitchgearError } from '#lib/errors.ts';

export interface RegistryOptions {
  /** Wall clock, epoch milliseconds. */
  now: () => number;
  /** Monotonic clock, milliseconds; without one, `now` serves. */
  monotonicMs?: () => number;
  onTransition: BreakerParts['onTransition'];
  /** 0..1. */
  random?: () => number;
  /** Where each component's calls are counted beyond its window; nowhere without it. */
  meterOf?: BreakerParts['meterOf'];
}

const NO_METER = { call: () => {}, rejected: () => {} };

/** A sandbox's probes are settled at once. */
const SANDBOX_LEASE_MS = 1_000;

export class BreakerRegistry {
  readonly #parts: BreakerParts;
  readonly #breakers = new Map<string, CircuitBreaker>();

  constructor({
    now,
    monotonicMs = now,
    onTransition,
    random = Math.random,
    meterOf = () => NO_METER,
  }: RegistryOptions) {
    this.#parts = { now, monotonicMs, onTransition, random, meterOf };
    this.ensure(SANDBOX, sandboxSettings(), { probeLeaseMs: SANDBOX_LEASE_MS });
  }

  /** The breaker of that name with those settings; one that exists keeps its state and window. */
  ensure(
    name: string,
    settings: BreakerSettings,
    { probeLeaseMs }: { probeLeaseMs: number },
  ): CircuitBreaker {
    const present = this.#breakers.get(name);
    if (present !== undefined) {
      present.updateSettings(settings, probeLeaseMs);
      return present;
    }
    const breaker = new CircuitBreaker(name, settings, probeLeaseMs, this.#parts);
    this.#breakers.set(name, breaker);
    return breaker;
  }

  get(name: string): CircuitBreaker | undefined {
    return this.#breakers.get(name);
  }

  /** @throws SwitchgearError `not_found`, naming those that exist. */
  require(name: string): CircuitBreaker {
    const breaker = this.#breakers.get(name);
    if (breaker !== undefined) return breaker;
    const known = [...this.#breakers.keys()];
    throw new SwitchgearError(
      'not_found',
      `Unknown component '${name.slice(0, 100)}'; known are ${known.join(', ')}`,
      { details: { known } },
    );
  }

  list(): CircuitBreaker[] {
    return [...this.#breakers.values()];
  }

  remove(name: string): void {
    this.#breakers.get(name)?.close();
    this.#breakers.delete(name);
  }

  /** Shuts all of them: from now on they refuse. */
  close(): void {
    for (const breaker of this.#breakers.values()) breaker.close();
  }
}
