/**
 * The register of injected faults: what may be injected where, until when, and how often it struck. A fault ends when
 * it is removed, when its time is up, or at shutdown, whichever comes first; each end is told once.
 */
import type { Fault, FaultRequest } from '#lib/contracts/faults.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { ActiveFault } from '#lib/lab/fault-plan.ts';

/** A running lab, as far as faults need to know it. */
export interface FaultTarget {
  /** @param onStruck is told of new strikes, some time after them */
  applyFault(fault: ActiveFault, onStruck: (newStrikes: number) => void): void;
  removeFault(id: string): void;
}

export interface FaultEvent {
  type: 'fault_injected' | 'fault_ended';
  fault: Fault;
  cause: 'operator' | 'expired' | 'shutdown' | 'forbidden' | 'upstream_removed';
  /** The operator, where one did it. */
  by: string | null;
}

export interface FaultRegistryParts {
  now: () => number;
  randomId: () => string;
  allowRealUpstreams: () => boolean;
  /** Where faults of an upstream go; undefined when there is no such upstream. */
  targets: (name: string) => FaultTarget | undefined;
  /** Whether an upstream is no lab, so that its faults need leave. */
  isReal: (name: string) => boolean;
  /** Names of all upstreams. */
  names: () => readonly string[];
  onEvent: (event: FaultEvent) => void;
}

/** Faults at a time. */
export const MAX_FAULTS = 100;
const DEFAULT_ERROR_STATUS = 500;
const DEFAULT_LATENCY_MS = 1_000;

interface Entry {
  readonly fault: Fault;
  readonly timer: NodeJS.Timeout;
}

export class FaultRegistry {
  readonly #parts: FaultRegistryParts;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: FaultRegistryParts) {
    this.#parts = parts;
  }

  /** Faults that are active, oldest first. `struck` may lag behind by a quarter of a second. */
  list(): Fault[] {
    return [...this.#entries.values()].map(({ fault }) => ({ ...fault }));
  }

  /**
   * Starts a fault at once.
   * @throws SwitchgearError `not_found` and `forbidden` by the upstream, `conflict` when there are
   *   `MAX_FAULTS` already
   */
  inject(request: FaultRequest, by: string): Fault {
    const target = this.#targetFor(request.upstream);
    if (this.#entries.size >= MAX_FAULTS) {
      throw new SwitchgearError('conflict', `There are ${MAX_FAULTS} faults already; remove one first`);
    }
    const startedAt = this.#parts.now();
    const durationMs = request.duration_s * 1_000;
    const fault: Fault = {
      id: this.#parts.randomId(),
      upstream: request.upstream,
      kind: request.kind,
      rate: request.rate,
      ...strengthOf(request),
      started_at: new Date(startedAt).toISOString(),
      ends_at: new Date(startedAt + durationMs).toISOString(),
      struck: 0,
      by,
      ...(request.reason === undefined ? {} : { reason: request.reason }),
    };
    const timer = setTimeout(() => this.#end(fault.id, 'expired', null), durationMs);
    timer.unref();
    this.#entries.set(fault.id, { fault, timer });
    apply(fault, target);
    this.#parts.onEvent({ type: 'fault_injected', fault: { ...fault }, cause: 'operator', by });
    return { ...fault };
  }

  /** Ends a fault before its time; answers how it stood. @throws SwitchgearError `not_found` */
  remove(id: string, by: string): Fault {
    const ended = this.#end(id, 'operator', by);
    if (ended === undefined) throw new SwitchgearError('not_found', `There is no active fault ${id}`);
    return ended;
  }

  /** Hands the active faults of an upstream to its lab, after that lab was started anew. */
  reapply(upstream: string, target: FaultTarget): void {
    for (const { fault } of this.#entries.values()) {
      if (fault.upstream === upstream) apply(fault, target);
    }
  }

  /** After the configuration has changed: ends what may not be any more, and what has lost its upstream. */
  review(): void {
    for (const { fault } of [...this.#entries.values()]) {
      const { id, upstream } = fault;
      if (this.#parts.targets(upstream) === undefined) this.#end(id, 'upstream_removed', null);
      else if (this.#isForbidden(upstream)) this.#end(id, 'forbidden', null);
    }
  }

  close(): void {
    for (const id of [...this.#entries.keys()]) this.#end(id, 'shutdown', null);
  }

  /** @throws SwitchgearError `not_found` and `forbidden`, as `inject` would */
  check(upstream: string): void {
    this.#targetFor(upstream);
  }

  #targetFor(upstream: string): FaultTarget {
    const target = this.#parts.targets(upstream);
    if (target === undefined) {
      const names = this.#parts.names();
      const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
      throw new SwitchgearError('not_found', `There is no upstream ${JSON.stringify(upstream)}; ${known}`, {
        field: 'upstream',
      });
    }
    if (this.#isForbidden(upstream)) {
      throw new SwitchgearError(
        'forbidden',
        `${upstream} is a real upstream; faults in front of it need lab.allow_faults: true`,
        { field: 'upstream' },
      );
    }
    return target;
  }

  #isForbidden(upstream: string): boolean {
    return this.#parts.isReal(upstream) && !this.#parts.allowRealUpstreams();
  }

  #end(id: string, cause: FaultEvent['cause'], by: string | null): Fault | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    clearTimeout(entry.timer);
    this.#entries.delete(id);
    const target = this.#parts.targets(entry.fault.upstream);
    target?.removeFault(id);
    this.#parts.onEvent({ type: 'fault_ended', fault: { ...entry.fault }, cause, by });
    return { ...entry.fault };
  }
}

/** What the kind needs, with its default; nothing that the kind does not use. */
function strengthOf({ kind, status, latency_ms }: FaultRequest): Pick<Fault, 'status' | 'latency_ms'> {
  switch (kind) {
    case 'error':
      return { status: status ?? DEFAULT_ERROR_STATUS };
    case 'rate_limit':
      return { status: 429 };
    case 'latency':
      return { latency_ms: latency_ms ?? DEFAULT_LATENCY_MS };
    default:
      return {};
  }
}

function apply(fault: Fault, target: FaultTarget): void {
  const { id, kind, rate, status = DEFAULT_ERROR_STATUS, latency_ms: latencyMs = 0, ends_at } = fault;
  target.applyFault({ id, kind, rate, status, latencyMs, endsAtMs: Date.parse(ends_at) }, (newStrikes) => {
    fault.struck += newStrikes;
  });
}
