/** Completions of several callers in one upstream call with a list of prompts, dealt back by index. */
import { performance } from 'node:perf_hooks';
import type { BatchFacts, BatchOutcome } from '#lib/batching/batcher.ts';
import type { Refusal } from '#lib/breaker/types.ts';
import type { Found } from '#lib/cache/response-cache.ts';
import type { Config } from '#lib/contracts/config.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { BatcherSet } from '#lib/gateway/batches.ts';
import { digest } from '#lib/gateway/cache-policy.ts';
import {
  blamesItems,
  Flight,
  type FlightEnd,
  type FlightOrder,
  failedBy,
  type Joinable,
  type Waiter,
} from '#lib/gateway/flight.ts';
import type { Source } from '#lib/gateway/large/jobs.ts';
import { readByEach } from '#lib/gateway/large/readers.ts';
import { sharedHeaders } from '#lib/gateway/scope.ts';
import { TokenEstimate } from '#lib/gateway/token-estimate.ts';
import { type DealtAnswer, dealt, withPrompts } from '#lib/protocols/prompts.ts';
import type { Recorded } from '#lib/protocols/recorded.ts';
import type { JsonObject, Usage } from '#lib/protocols/types.ts';
import { type RequestTrace, SharedTrace } from '#lib/telemetry/request-trace.ts';
import type { ResponseHeaders, UpstreamCall } from '#lib/upstream/call.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** What lets a completion share its call. */
export interface Mergeable {
  readonly prompt: string;
  /** As it goes upstream. */
  readonly request: JsonObject;
  /** Who may be given the same answer, and so share a call. */
  readonly scope: string;
}

interface Dealt extends DealtAnswer {
  readonly flight: Flight;
  /** The whole of a large answer to one prompt alone, which is not parsed here. */
  readonly source: Source | null;
}

export class PromptBatches {
  readonly batchers: BatcherSet<PromptFlight, Dealt, FlightEnd>;
  readonly tokens = new TokenEstimate();

  constructor(config: () => Config, monotonicMs: () => number) {
    this.batchers = new BatcherSet('llm', config, monotonicMs, (flights, report) =>
      this.#run(flights, report),
    );
  }

  open(order: FlightOrder, mergeable: Mergeable): PromptFlight {
    return new PromptFlight(order, mergeable, this);
  }

  #run(flights: readonly PromptFlight[], report: (outcome: BatchOutcome<Dealt, FlightEnd>) => void) {
    const [first] = flights;
    if (first === undefined) throw new Error('a batch without prompts');
    const { order, mergeable } = first;
    const prompts = flights.map((each) => each.mergeable.prompt);
    const traces = flights.flatMap((each) => each.trace ?? []);
    for (const trace of traces) trace.batchEnded(performance.now());
    const flight = new Flight({
      ...order,
      trace: new SharedTrace(traces),
      body: flights.length === 1 ? order.body : JSON.stringify(withPrompts(mergeable.request, prompts)),
      keepBytes: 0,
      openBytes: null,
      lookUp: null,
      onRecorded: null,
      onOver: () => {},
    });
    const waiter: Waiter = {
      takes: () => false,
      taken: 0,
      progress: () => {},
      complete: () => {
        if (flight.recorded?.form !== 'whole') return true;
        const { model } = order;
        const results = dealt(flight.recorded.body, prompts).map((each) => ({
          ...each,
          flight,
          source: null,
        }));
        if (flight.usage !== null && model !== null)
          this.tokens.learn(model, Buffer.byteLength(prompts.join('')), flight.usage.input);
        report({ kind: 'done', results });
        return true;
      },
      completeLarge: (_, source) => {
        if (flights.length === 1) {
          report({ kind: 'done', results: [{ body: {}, usage: null, flight, source }] });
          return first.reading;
        }
        // Too large to be dealt: each is asked alone.
        const error = failedBy(
          new SwitchgearError('overloaded', 'The answer to merged prompts is too large'),
        );
        report({ kind: 'failed', error, blamesItems: true });
        return Promise.resolve(null);
      },
      failed: (end) => report({ kind: 'failed', error: end, blamesItems: blamesItems(end) }),
      found: () => {},
    };
    flight.join(waiter);
    const refusal = flight.start();
    if (refusal !== null) report({ kind: 'failed', error: { kind: 'refused', refusal }, blamesItems: false });
    return { abort: () => flight.leave(waiter) };
  }
}

/** One prompt's part in a batch, and those who wait for it. */
export class PromptFlight implements Joinable {
  readonly order: FlightOrder;
  readonly mergeable: Mergeable;
  readonly passage = null;
  readonly origin = null;
  recorded: Recorded | null = null;
  usage: Usage | null = null;
  headers: ResponseHeaders = {};
  call: UpstreamCall | null = null;
  durationMs = 0;
  batchSize: number | null = null;
  /** Of a large answer; rejects with what is wrong with it. */
  reading: Promise<Usage | null> = Promise.resolve(null);
  readonly #batches: PromptBatches;
  readonly #waiters = new Set<Waiter>();
  #entry: { cancel(): void } | null = null;
  #isOver = false;

  constructor(order: FlightOrder, mergeable: Mergeable, batches: PromptBatches) {
    this.order = order;
    this.mergeable = mergeable;
    this.#batches = batches;
  }

  get trace(): RequestTrace | null {
    return this.order.request ?? null;
  }

  get isJoinable(): boolean {
    return !this.#isOver;
  }

  get upstream(): Upstream {
    return this.order.upstream;
  }

  get bytes(): Buffer {
    return Buffer.from(this.recorded?.form === 'whole' ? JSON.stringify(this.recorded.body) : '');
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    if (!this.#waiters.delete(waiter) || this.#waiters.size > 0 || this.#isOver) return;
    this.#end();
    this.#entry?.cancel();
  }

  took(): void {}

  start(): Refusal | null {
    const { lookUp } = this.order;
    if (lookUp === null) return this.#add();
    lookUp().then(
      (found) => {
        if (this.#isOver) return;
        if (found !== null) {
          this.#found(found);
          return;
        }
        const refusal = this.#add();
        if (refusal !== null) this.#fail({ kind: 'refused', refusal });
      },
      (thrown: unknown) => this.#failWith(thrown),
    );
    return null;
  }

  #add(): Refusal | null {
    const { upstream, operation, model, headers } = this.order;
    const { prompt, request, scope } = this.mergeable;
    const refusal = upstream.breakers[operation].refusal();
    if (refusal !== null) {
      this.#end();
      return refusal;
    }
    this.trace?.batchBegan(performance.now());
    const { prompt: _, ...rest } = request;
    try {
      this.#entry = this.#batches.batchers.of(upstream).add({
        group: digest(scope, JSON.stringify(rest), sharedHeaders(headers)),
        payload: this,
        weight: 1,
        ...this.#batches.tokens.of(model ?? '', prompt),
        done: (result, batch) => this.#done(result, batch),
        failed: (error) => ('kind' in error ? this.#fail(error) : this.#failWith(error)),
      });
    } catch (thrown) {
      queueMicrotask(() => this.#failWith(thrown));
    }
    return null;
  }

  #done({ body, usage, flight, source }: Dealt, batch: BatchFacts): void {
    if (source !== null) {
      this.#doneLarge(flight, source);
      return;
    }
    this.recorded = { form: 'whole', body: batch.entries === 1 ? wholeIn(flight, body) : body };
    this.usage = batch.entries === 1 ? flight.usage : usage;
    this.headers = flight.headers;
    this.call = flight.call;
    this.durationMs = flight.durationMs;
    this.batchSize = batch.entries === 1 ? null : batch.size;
    const waiters = this.#take();
    for (const waiter of waiters) {
      try {
        waiter.complete(this);
      } catch (thrown) {
        waiter.failed(failedBy(thrown), this);
      }
    }
    this.order.onRecorded?.(this);
  }

  #doneLarge(flight: Flight, source: Source): void {
    this.headers = flight.headers;
    this.call = flight.call;
    this.durationMs = flight.durationMs;
    const waiters = this.#take();
    this.reading = readByEach(
      waiters,
      source,
      (waiter, own) => waiter.completeLarge(this, own),
      (waiter, error) => waiter.failed(failedBy(error), this),
    ).then(
      ({ usage }) => usage,
      (thrown: unknown) => {
        for (const waiter of waiters) waiter.failed(failedBy(thrown), this);
        throw thrown;
      },
    );
  }

  #found(found: Found): void {
    for (const waiter of this.#take()) waiter.found(found);
  }

  #failWith(thrown: unknown): void {
    this.#fail(failedBy(thrown));
  }

  #fail(end: FlightEnd): void {
    for (const waiter of this.#take()) waiter.failed(end, this);
  }

  #take(): Waiter[] {
    this.#end();
    const all = [...this.#waiters];
    this.#waiters.clear();
    return all;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.order.onOver();
  }
}

/** Alone, it is what the upstream said, to the letter. */
function wholeIn({ recorded }: Flight, dealtBody: JsonObject): JsonObject {
  const body = recorded?.form === 'whole' ? recorded.body : null;
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : dealtBody;
}
