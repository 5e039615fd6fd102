/** What operators break and send on order, put together: faults, drills, the workload, the guided demo. */
import { randomUUID } from 'node:crypto';
import type { BreakerRegistry } from '#lib/breaker/registry.ts';
import { SANDBOX } from '#lib/breaker/sandbox.ts';
import { type Transition, transitionSchema } from '#lib/contracts/breakers.ts';
import type { Config } from '#lib/contracts/config.ts';
import type { FaultRequest } from '#lib/contracts/faults.ts';
import type { Predictions } from '#lib/contracts/predictions.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { demoWorkload } from '#lib/lab/demo.ts';
import { DrillControl } from '#lib/lab/drills/control.ts';
import { FaultGate } from '#lib/lab/fault-gate.ts';
import { FaultRegistry, type FaultTarget } from '#lib/lab/faults.ts';
import { type Injected, TourControl } from '#lib/lab/tour/control.ts';
import { FAILING, STANDBY } from '#lib/lab/tour/steps.ts';
import { type LabUpstream, startLabUpstream } from '#lib/lab/upstream.ts';
import { WorkloadControl, type WorkloadParts } from '#lib/lab/workload/control.ts';
import type { Operation } from '#lib/protocols/types.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';
import type { EventLog } from '#lib/telemetry/event-log.ts';
import { type CallResult, callModel, modelFor } from '#lib/upstream/model-call.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';
import type { Upstreams } from '#lib/upstream/upstreams.ts';

export interface LabParts {
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly config: () => Config;
  readonly upstreams: Pick<Upstreams<LabUpstream>, 'list' | 'lab' | 'observe'>;
  readonly breakers: BreakerRegistry;
  readonly events: EventLog;
  readonly drills: DocumentStore;
  /** Where the gateway listens. */
  readonly gateway: WorkloadParts['target'];
  readonly predictions: () => Predictions;
}

export class LabControl {
  readonly faults: FaultRegistry;
  readonly drills: DrillControl;
  readonly workload: WorkloadControl;
  readonly tour: TourControl;
  readonly #parts: LabParts;
  readonly #gates = new Map<string, FaultGate>();

  constructor(parts: LabParts) {
    this.#parts = parts;
    const { now, monotonicMs, upstreams, breakers, events } = parts;
    const shared = { now, randomId: randomUUID };
    const onTransition = (listener: (transition: Transition) => void) => this.#onTransition(listener);
    const onEvent = ({ type, by, detail }: { type: string; by: string | null; detail: unknown }) =>
      void events.append({ type, ...(by === null ? {} : { by }), detail });
    this.faults = new FaultRegistry({
      ...shared,
      allowRealUpstreams: () => parts.config().lab.allow_faults,
      targets: (name) => this.#faultTarget(name),
      isReal: (name) => upstreams.list().some((each) => each.name === name && each.config.kind !== 'lab'),
      names: () => upstreams.list().map(({ name }) => name),
      onEvent: ({ type, fault, cause, by }) =>
        events.append({
          type,
          component: fault.upstream,
          ...(by === null ? {} : { by }),
          detail: { fault, cause },
        }),
    });
    this.drills = new DrillControl({
      ...shared,
      monotonicMs,
      store: parts.drills,
      breaker: (component) => breakers.require(component),
      upstreamOf: (component) => this.#modelCalls(component)?.upstream.name ?? null,
      caller: (component) => this.#caller(component),
      checkFaults: (upstream) => this.faults.check(upstream),
      inject: (fault, by) => this.#inject(fault, by).end,
      observe: (listener) => upstreams.observe(listener),
      onTransition,
      onEvent: ({ type, component, by, drill }) =>
        events.append({ type, component, ...(by === null ? {} : { by }), detail: drill }),
    });
    this.workload = new WorkloadControl({
      ...shared,
      target: parts.gateway,
      onEvent,
      onSample: (sample) => this.tour.sampled(sample),
    });
    this.tour = new TourControl({
      ...shared,
      refusal: () => this.#tourRefusal(),
      workload: this.workload,
      request: () => demoWorkload(now() / 1_000),
      gateway: parts.gateway,
      startTwin: () => this.startLab(FAILING),
      inject: (fault, by) => this.#inject(fault, by),
      onTransition,
      notClosed: () => breakers.list().flatMap(notClosed),
      forecast: () => this.#forecast(),
      onEvent,
    });
  }

  /** An upstream of ours; not yet one of the gateway's. */
  startLab(name: string): Promise<LabUpstream> {
    return startLabUpstream({ name, keepAliveMs: 1_000 * this.#parts.config().allocation.keep_alive_s });
  }

  /** What stands in front of a real upstream's connections. */
  gateOf(name: string): FaultGate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const gate = new FaultGate({ now: this.#parts.now, random: Math.random });
    this.#gates.set(name, gate);
    this.faults.reapply(name, gate);
    return gate;
  }

  /** The configuration has changed: drops what belongs to upstreams that are gone. */
  reconfigured(): void {
    const { upstreams } = this.#parts.config();
    const real = new Set(upstreams.filter(({ kind }) => kind !== 'lab').map(({ name }) => name));
    for (const name of this.#gates.keys()) if (!real.has(name)) this.#gates.delete(name);
    this.faults.review();
  }

  /** Nothing of it calls any more. */
  async drain(): Promise<void> {
    this.drills.close();
    await Promise.all([this.tour.close(), this.workload.close()]);
  }

  async close(): Promise<void> {
    await this.drain();
    this.faults.close();
  }

  #inject(fault: FaultRequest, by: string): Injected {
    const { id } = this.faults.inject(fault, by);
    const isOn = () => this.faults.list().some((each) => each.id === id);
    const end = () => {
      if (isOn()) this.faults.remove(id, by);
    };
    return { isOn, end };
  }

  #onTransition(listener: (transition: Transition) => void): () => void {
    return this.#parts.events.subscribe(({ detail }) => {
      const transition = transitionSchema.safeParse(detail).data;
      if (transition !== undefined) listener(transition);
    });
  }

  #tourRefusal(): string | null {
    const upstreams = this.#parts.upstreams.list();
    const hasLabs = [FAILING, STANDBY].every((name) => upstreams.some((each) => each.name === name));
    if (hasLabs && upstreams.every(({ config }) => config.kind === 'lab')) return null;
    return 'The guided demo breaks upstreams, so it runs on the two labs of npm run demo alone';
  }

  #forecast() {
    const { skill, coverage, targets, predictions } = this.#parts.predictions();
    const acting = targets.filter(({ mode }) => mode === 'act').length;
    return { skill, coverage, acting, targets: targets.length, expectedPerMin: predictions.expected_rpm };
  }

  #faultTarget(name: string): FaultTarget | undefined {
    const upstream = this.#parts.upstreams.list().find((candidate) => candidate.name === name);
    if (upstream === undefined) return undefined;
    return upstream.config.kind === 'lab' ? this.#parts.upstreams.lab(name) : this.gateOf(name);
  }

  /** The upstream and operation of a component that protects model calls. */
  #modelCalls(component: string): { upstream: Upstream; operation: Operation } | null {
    for (const upstream of this.#parts.upstreams.list()) {
      for (const operation of ['chat', 'completions', 'embeddings'] as const)
        if (component === `${upstream.name}.${operation}`) return { upstream, operation };
    }
    return null;
  }

  async #caller(component: string): Promise<() => Promise<CallResult>> {
    const found = this.#modelCalls(component);
    if (found === null) throw new SwitchgearError('not_found', `${component} was removed`);
    const { upstream, operation } = found;
    const model = await modelFor(upstream, operation);
    return () => callModel(upstream.latest, operation, model);
  }
}

function notClosed({ name, computedState }: { name: string; computedState: string }): string[] {
  return name === SANDBOX || computedState === 'closed' ? [] : [name];
}
