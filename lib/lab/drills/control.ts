/** Failure drills: started, watched, stopped and remembered. Whatever ends a drill, its fault is gone then. */
import { type Drill, type DrillRequest, drillSchema } from '#lib/contracts/drills.ts';
import type { FaultRequest } from '#lib/contracts/faults.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { type DrilledBreaker, DrillRun, type RunParts } from '#lib/lab/drills/run.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';

export interface DrillParts extends Pick<RunParts, 'now' | 'monotonicMs' | 'observe' | 'onTransition'> {
  randomId: () => string;
  store: DocumentStore;
  /** @throws SwitchgearError `not_found` */
  breaker: (component: string) => DrilledBreaker & { snapshot(): { hold: unknown } };
  /** The upstream whose model calls that component protects; null for any other component. */
  upstreamOf: (component: string) => string | null;
  /** Prepares real calls through that component. @throws SwitchgearError when there is nothing to call */
  caller: (component: string) => Promise<RunParts['call']>;
  /** @throws SwitchgearError `forbidden` when that upstream may not be made to fail */
  checkFaults: (upstream: string) => void;
  /** Injects a fault; answers what ends it. @throws SwitchgearError `forbidden`, `conflict` */
  inject: (fault: FaultRequest, by: string) => () => void;
  onEvent: (event: {
    type: 'drill_started' | 'drill_ended';
    component: string;
    by: string | null;
    drill: Drill;
  }) => void;
}

/** At a time, each on a component of its own. */
export const MAX_RUNNING = 4;
export const MAX_KEPT = 200;
const NO_CALLS = { sent: 0, succeeded: 0, failed: 0, refused: 0, skipped: 0 };

export class DrillControl {
  readonly #parts: DrillParts;
  /** By component; null while one is being prepared. */
  readonly #running = new Map<string, DrillRun | null>();
  #closed = false;

  constructor(parts: DrillParts) {
    this.#parts = parts;
    for (const drill of this.#stored())
      if (drill.status === 'running') this.#save(interrupted(drill, parts.now()));
  }

  /** Those that run. */
  running(): Drill[] {
    return [...this.#running.values()].flatMap((run) => (run === null ? [] : [run.drill]));
  }

  /** Newest first. */
  list(): Drill[] {
    const running = this.running();
    const ids = new Set(running.map(({ id }) => id));
    return [...running, ...this.#stored().filter(({ id }) => !ids.has(id))].toSorted((a, b) =>
      b.started_at.localeCompare(a.started_at),
    );
  }

  /** @throws SwitchgearError `not_found` */
  get(id: string): Drill {
    const found = this.running().find((drill) => drill.id === id) ?? drillIn(this.#parts.store.read(id));
    if (found === null) throw new SwitchgearError('not_found', `There is no drill ${id.slice(0, 100)}`);
    return found;
  }

  /**
   * @throws SwitchgearError `not_found` for the component, `unprocessable` when it has no upstream, `conflict` when it
   *   is not closed, is held or drilled already, `forbidden` for a real upstream, `shutting_down`
   */
  async start(request: DrillRequest, by: string): Promise<Drill> {
    const { component } = request;
    const upstream = this.#checked(component);
    this.#parts.checkFaults(upstream);
    this.#running.set(component, null);
    try {
      const call = await this.#parts.caller(component);
      if (this.#closed) throw new SwitchgearError('shutting_down', 'The server is shutting down');
      return this.#begin(request, by, upstream, call);
    } catch (thrown) {
      this.#running.delete(component);
      throw thrown;
    }
  }

  /** @throws SwitchgearError `not_found`, `conflict` when it is over */
  stop(id: string): Drill {
    const run = [...this.#running.values()].find((each) => each?.drill.id === id);
    if (run === undefined || run === null) {
      this.get(id);
      throw new SwitchgearError('conflict', `Drill ${id} is over already`);
    }
    run.end('stopped');
    return run.drill;
  }

  close(): void {
    this.#closed = true;
    for (const run of [...this.#running.values()]) run?.end('interrupted');
  }

  #checked(component: string): string {
    if (this.#closed) throw new SwitchgearError('shutting_down', 'The server is shutting down');
    const breaker = this.#parts.breaker(component);
    const upstream = this.#parts.upstreamOf(component);
    if (upstream === null) {
      const text = `${component} protects no model calls; drill a component of an upstream such as its chat`;
      throw new SwitchgearError('unprocessable', text, { field: 'component' });
    }
    if (this.#running.has(component)) {
      throw new SwitchgearError('conflict', `A drill on ${component} is running already; stop it first`);
    }
    if (this.#running.size >= MAX_RUNNING) {
      throw new SwitchgearError('conflict', `${MAX_RUNNING} drills are running already; wait for one to end`);
    }
    if (breaker.snapshot().hold !== null) {
      throw new SwitchgearError('conflict', `${component} is held; lift the hold first`);
    }
    if (breaker.computedState !== 'closed') {
      throw new SwitchgearError(
        'conflict',
        `${component} is ${breaker.computedState}; a drill begins closed`,
      );
    }
    return upstream;
  }

  #begin(request: DrillRequest, by: string, upstream: string, call: RunParts['call']): Drill {
    const { component, reason, ...settings } = request;
    const { now, monotonicMs, observe, onTransition } = this.#parts;
    const drill: Drill = {
      id: this.#parts.randomId(),
      component,
      ...settings,
      by,
      ...(reason === undefined ? {} : { reason }),
      status: 'running',
      phase: 'fault',
      end_cause: null,
      started_at: new Date(now()).toISOString(),
      fault_ended_at: null,
      ended_at: null,
      time_to_open_ms: null,
      calls_leaked: 0,
      probes: 0,
      time_to_recover_ms: null,
      worst_caller_ms: null,
      calls: NO_CALLS,
      checks: [],
      transitions: [],
    };
    const run = new DrillRun(drill, {
      now,
      monotonicMs,
      observe,
      onTransition,
      call,
      breaker: this.#parts.breaker(component),
      inject: () => this.#parts.inject(faultOf(request, upstream), by),
      onEnd: (ended) => this.#ended(ended),
    });
    this.#running.set(component, run);
    this.#save(drill);
    this.#parts.store.keepNewest(MAX_KEPT);
    this.#parts.onEvent({ type: 'drill_started', component, by, drill });
    return drill;
  }

  #ended(drill: Drill): void {
    this.#running.delete(drill.component);
    this.#save(drill);
    this.#parts.onEvent({ type: 'drill_ended', component: drill.component, by: null, drill });
  }

  #save(drill: Drill): void {
    this.#parts.store.write(drill.id, JSON.stringify(drill));
  }

  #stored(): Drill[] {
    return this.#parts.store.newest(MAX_KEPT).flatMap((body) => drillIn(body) ?? []);
  }
}

/** Null for what cannot be read, as after a change of its form. */
function drillIn(body: string | null): Drill | null {
  if (body === null) return null;
  try {
    return drillSchema.parse(JSON.parse(body));
  } catch {
    return null;
  }
}

function interrupted(drill: Drill, nowMs: number): Drill {
  return {
    ...drill,
    status: 'failed',
    phase: 'over',
    end_cause: 'interrupted',
    ended_at: new Date(nowMs).toISOString(),
  };
}

function faultOf(request: DrillRequest, upstream: string): FaultRequest {
  const { component, fault, rate, duration_s, http_status, latency_ms, reason } = request;
  return {
    upstream,
    kind: fault,
    rate,
    duration_s,
    ...(http_status === undefined ? {} : { status: http_status }),
    ...(latency_ms === undefined ? {} : { latency_ms }),
    reason: reason === undefined ? `drill on ${component}` : `drill on ${component}: ${reason}`.slice(0, 500),
  };
}
