/** All breakers by the name of their component. The sandbox `test` is always there. */
import { randomUUID } from 'node:crypto';
import { type BreakerParts, CircuitBreaker } from '#lib/breaker/circuit-breaker.ts';
import { type BreakerRecords, NO_RECORDS } from '#lib/breaker/record.ts';
import { SANDBOX, SANDBOX_LIMITS, sandboxSettings } from '#lib/breaker/sandbox.ts';
import type { BreakerLimits } from '#lib/breaker/types.ts';
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
  /** Where what outlives a restart is kept; nowhere without it. */
  records?: BreakerRecords;
  lastTransitionOf?: BreakerParts['lastTransitionOf'];
}

const NO_METER = { call: () => {}, rejected: () => {} };

export class BreakerRegistry {
  readonly #parts: BreakerParts;
  readonly #breakers = new Map<string, CircuitBreaker>();

  constructor({
    now,
    monotonicMs = now,
    onTransition,
    random = Math.random,
    meterOf = () => NO_METER,
    records = NO_RECORDS,
    lastTransitionOf = () => null,
  }: RegistryOptions) {
    this.#parts = {
      now,
      monotonicMs,
      onTransition,
      random,
      randomId: randomUUID,
      meterOf,
      records,
      lastTransitionOf,
    };
    this.ensure(SANDBOX, sandboxSettings(), SANDBOX_LIMITS);
  }

  /** The breaker of that name, so configured; one that exists keeps its state, window, and what operators changed. */
  ensure(name: string, settings: BreakerSettings, limits: BreakerLimits): CircuitBreaker {
    const present = this.#breakers.get(name);
    if (present !== undefined) {
      present.configure(settings, limits);
      return present;
    }
    const breaker = new CircuitBreaker(name, settings, limits, this.#parts);
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
