/**
 * opossum as it is used here: one instance per generation, and one per half-open probe. Every admitted call is fired
 * through an instance; opossum keeps the state, times the open time, opens on a failed probe and closes on a good one.
 * Its statistics, thresholds, timeouts, cache and semaphore are off: docs/decisions/0002 says why, trap by trap.
 */
import CircuitBreaker from 'opossum';

export type Engine = CircuitBreaker<[Work]>;

/** opossum decides nothing by volume: our own window does, at or above its thresholds. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Counts nothing and has no timers. opossum's own keeps every latency sample until its bucket is dropped. */
const inertStatus = CircuitBreaker.newStatus({
  enableSnapshots: false,
  rollingPercentilesEnabled: false,
  // opossum sums the buckets on every failure.
  rollingCountBuckets: 1,
});
inertStatus.increment = () => {};
inertStatus.shutdown();

export function closedEngine(): Engine {
  return engine({ closed: true, halfOpen: false });
}

/** Half-open, so that it lets one call through and then opens or closes by how that call ends. */
export function probeEngine(): Engine {
  return engine({ closed: false, halfOpen: true });
}

function engine(state: { closed: boolean; halfOpen: boolean }): Engine {
  return new CircuitBreaker<[Work]>((work) => work, {
    timeout: false,
    volumeThreshold: NEVER,
    status: inertStatus,
    state,
  });
}

/** Opens for that long; opossum's own timer ends it and emits `halfOpen`. */
export function openFor(instance: Engine, openMs: number): void {
  instance.options.resetTimeout = openMs;
  instance.open();
}

/**
 * The running work of one call, as opossum awaits it. A promise would tell opossum one turn of the event loop late,
 * and further calls would be admitted to an upstream already known to be down: this settles in the same instant.
 */
export class Work implements PromiseLike<void> {
  #onSuccess: (() => unknown) | null = null;
  #onFailure: ((reason: unknown) => unknown) | null = null;

  /** Starts the work under a breaker. */
  static under(instance: Engine): Work {
    const work = new Work();
    instance.fire(work).catch(ignore);
    return work;
  }

  succeed(): void {
    this.#onSuccess?.();
  }

  fail(reason: unknown): void {
    this.#onFailure?.(reason);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is one, for opossum's ears.
  then(onSuccess: unknown): never {
    this.#onSuccess = onSuccess as () => unknown;
    const rest = {
      catch: (onFailure: (reason: unknown) => unknown) => {
        this.#onFailure = onFailure;
      },
    };
    return rest as never;
  }
}

function ignore(): void {}
