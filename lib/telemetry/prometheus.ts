/**
 * `GET /metrics`: what is measured anyway, read at the time of the scrape, so that exporting costs requests nothing and
 * shows the numbers of the console. Names are OpenTelemetry's for generative AI where it has them (a gateway is a
 * server to its callers), else `switchgear_…`. Labels are bounded: components and upstreams by the configuration, models by
 * `MAX_MODEL_METERS`, components with buckets of their own by `MAX_DETAILED`.
 *
 * What is of a component, an upstream, a cache or a batcher begins with its first call (or when it is opened or held),
 * and stays from then on: of a large configuration most is never used, and would be nearly all of a scrape.
 */
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { BreakerState } from '#lib/breaker/types.ts';
import type { ResponseCache } from '#lib/cache/response-cache.ts';
import { type Batching, flushReasons, type UpstreamBatcherView } from '#lib/contracts/batching.ts';
import type { Predictions } from '#lib/contracts/predictions.ts';
import { answerKinds } from '#lib/contracts/requests.ts';
import { isTroubled, type Standing } from '#lib/contracts/worst-first.ts';
import type { RequestBodies } from '#lib/http/request-bodies.ts';
import { FirstSeen } from '#lib/telemetry/first-seen.ts';
import { FAULT_SOURCES, type InternalFaults } from '#lib/telemetry/internal-faults.ts';
import { BOUNDS_MS, type HistogramTotals } from '#lib/telemetry/meter.ts';
import { type ModelLabels, type ModelMeter, OTHER_MODEL } from '#lib/telemetry/model-meters.ts';
import type { Telemetry, UpstreamLoad } from '#lib/telemetry/telemetry.ts';

export interface PrometheusParts {
  telemetry: Telemetry;
  components: () => readonly Pick<Standing, 'name' | 'state' | 'hold'>[];
  upstreams: () => readonly (UpstreamLoad & { kind: string })[];
  cache: ResponseCache;
  bodies: Pick<RequestBodies, 'heldBytes' | 'refused'>;
  batching: () => Batching;
  predictions: () => Predictions;
  internalFaults: InternalFaults;
  clients: () => ClientTotals;
}

/** Clients that read more slowly than their answers come, and what is held for all clients. */
export interface ClientTotals {
  readonly heldBytes: number;
  readonly slow: number;
  readonly letGo: Readonly<Record<'stalled' | 'too_much_held', number>>;
}

type Labels = Record<string, string>;
type Load = ReturnType<PrometheusParts['upstreams']>[number];

/** What one scrape reads, once. */
interface Scrape {
  readonly components: readonly Pick<Standing, 'name' | 'state' | 'hold'>[];
  readonly upstreams: readonly Load[];
  readonly usedComponents: Scrape['components'];
  readonly usedUpstreams: readonly Load[];
  readonly idleUpstreams: ReadonlySet<string>;
  readonly batching: Batching;
  readonly predictions: Predictions;
}

/** Components that have buckets of their own, in the order of their first call; the others share `OTHER_COMPONENT`'s. */
export const MAX_DETAILED = 200;
export const OTHER_COMPONENT = '_other';
/** The same of models, whose buckets are the largest part of a scrape. */
export const MAX_DETAILED_MODELS = 40;
const OTHER_MODELS: Labels = {
  gen_ai_operation_name: OTHER_MODEL,
  gen_ai_request_model: OTHER_MODEL,
  gen_ai_provider_name: OTHER_MODEL,
  switchgear_upstream: OTHER_MODEL,
};
/** Requests to models are counted at the bounds that OpenTelemetry recommends, from 10 ms on. */
const MODEL_BOUNDS_FROM = BOUNDS_MS.indexOf(10);

const STATES: readonly BreakerState[] = ['closed', 'half_open', 'open'];
/** OpenTelemetry's names of what we call completions. */
const OPERATION_NAMES: Record<ModelLabels['operation'], string> = {
  chat: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
};

const LOOKS = ['hit_memory', 'hit_redis', 'stale', 'coalesced', 'miss', 'bypass'] as const;
const EVICTIONS = ['size', 'ttl', 'purge'] as const;

export class Prometheus {
  readonly #registry = new Registry();
  readonly #parts: PrometheusParts;
  readonly #detailedComponents = new FirstSeen(MAX_DETAILED);
  readonly #detailedModels = new FirstSeen(MAX_DETAILED_MODELS);
  #scrape: Scrape | null = null;

  constructor(parts: PrometheusParts) {
    this.#parts = parts;
    collectDefaultMetrics({ register: this.#registry });
    this.#addRequests();
    this.#addClients();
    this.#addModels();
    this.#addComponents();
    this.#addUpstreams();
    this.#addCaches();
    this.#addBatchers();
    this.#addPredictions();
    const { internalFaults } = parts;
    this.#counter(
      'switchgear_internal_faults_total',
      'Faults of this program that nobody caught',
      ['source'],
      () => FAULT_SOURCES.map((source) => [{ source }, internalFaults.total(source)]),
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    this.#scrape = this.#read();
    return this.#registry.metrics();
  }

  #read(): Scrape {
    const { telemetry, batching, predictions } = this.#parts;
    const components = this.#parts.components();
    const upstreams = this.#parts.upstreams();
    const usedComponents = components.filter(
      (each) => isTroubled(each) || telemetry.scope(`component:${each.name}`)?.meter.isUsed === true,
    );
    // A component's name begins with that of its upstream, which has neither dots nor slashes.
    const owners = new Set(usedComponents.map(({ name }) => name.split(/[./]/, 1)[0]));
    const isUsed = ({ name, inFlight, queued }: Load) => owners.has(name) || inFlight > 0 || queued > 0;
    return {
      components,
      upstreams,
      usedComponents,
      usedUpstreams: upstreams.filter(isUsed),
      idleUpstreams: new Set(upstreams.filter((each) => !isUsed(each)).map(({ name }) => name)),
      batching: batching(),
      predictions: predictions(),
    };
  }

  get #now(): Scrape {
    this.#scrape ??= this.#read();
    return this.#scrape;
  }

  #addRequests(): void {
    const { telemetry, bodies } = this.#parts;
    const totals = () => telemetry.scope('gateway')?.meter.countTotals() ?? {};
    this.#counter('switchgear_requests_total', 'Requests by how they were answered', ['how'], () =>
      answerKinds.map((how) => [{ how }, totals()[how] ?? 0]),
    );
    this.#gauge('switchgear_requests_in_flight', 'Requests that are not answered yet', [], () => [
      [{}, telemetry.inFlight],
    ]);
    this.#gauge(
      'switchgear_request_body_bytes',
      'Bytes held for request bodies that are being read or answered',
      [],
      () => [[{}, bodies.heldBytes]],
    );
    this.#counter(
      'switchgear_request_bodies_refused_total',
      'Request bodies refused for the memory that all of them take, or for their pace',
      ['reason'],
      () => Object.entries(bodies.refused).map(([reason, count]): [Labels, number] => [{ reason }, count]),
    );
    this.#histogram(
      'switchgear_added_seconds',
      'Time added to served requests until their first byte',
      () => {
        const meter = telemetry.scope('gateway')?.meter;
        return meter === undefined ? [] : [{ labels: {}, ...inSeconds(meter.histogramTotals('added')) }];
      },
    );
  }

  #addClients(): void {
    const { clients } = this.#parts;
    this.#gauge('switchgear_held_bytes', 'Answers that their clients have not taken yet', [], () => [
      [{}, clients().heldBytes],
    ]);
    this.#gauge(
      'switchgear_slow_clients',
      'Clients that take their answers more slowly than they come',
      [],
      () => [[{}, clients().slow]],
    );
    this.#counter('switchgear_clients_let_go_total', 'Slow clients that were let go', ['reason'], () => {
      const { stalled, too_much_held } = clients().letGo;
      return [
        [{ reason: 'stalled' }, stalled],
        [{ reason: 'too_much_held' }, too_much_held],
      ];
    });
  }

  #addModels(): void {
    const { telemetry } = this.#parts;
    const each = (name: string) =>
      this.#ofModels(({ meter }) => inSeconds(meter.histogramTotals(name), MODEL_BOUNDS_FROM));
    this.#histogram('gen_ai_server_request_duration_seconds', 'Duration of served requests', each('latency'));
    this.#histogram(
      'gen_ai_server_time_to_first_token_seconds',
      'Time to the first byte of served requests',
      each('first_byte'),
    );
    const names = [
      'gen_ai_operation_name',
      'gen_ai_request_model',
      'gen_ai_provider_name',
      'switchgear_upstream',
    ];
    const tokens = (type: 'input' | 'output') => {
      const read = this.#ofModels((model) => model.tokens[type].totals());
      return () =>
        read().map(({ labels, ...own }) => ({ labels: { ...labels, gen_ai_token_type: type }, ...own }));
    };
    const [input, output] = [tokens('input'), tokens('output')];
    this.#histogram('gen_ai_client_token_usage', 'Tokens of a request, as upstreams count them', () => [
      ...input(),
      ...output(),
    ]);
    this.#counter(
      'switchgear_model_requests_total',
      'Requests that reached an upstream, by model and how they were answered',
      [...names, 'how'],
      () =>
        [...telemetry.models.list()].flatMap(({ labels, meter }) => {
          const totals = meter.countTotals();
          return answerKinds
            .filter((how) => (totals[how] ?? 0) > 0)
            .map((how): [Labels, number] => [{ ...this.#genAi(labels), how }, totals[how] ?? 0]);
        }),
    );
  }

  /** A histogram of each model that has any samples, as far as there are places; of the others together. */
  #ofModels(read: (model: ModelMeter) => Tally): () => Counted[] {
    return () => {
      const all = [...this.#parts.telemetry.models.list()];
      const { own, others } = this.#detailedModels.split(
        all,
        ({ labels: { operation, upstream, model } }) => `${operation} ${upstream} ${model}`,
      );
      const rest = summed(others.map(read));
      return [
        ...own.map((model) => ({ labels: this.#genAi(model.labels), ...read(model) })),
        ...(rest === null ? [] : [{ labels: OTHER_MODELS, ...rest }]),
      ].filter(({ count }) => count > 0);
    };
  }

  #addPredictions(): void {
    const predictions = () => this.#now.predictions;
    const present = (value: number | null): [Labels, number][] => (value === null ? [] : [[{}, value]]);
    this.#gauge(
      'switchgear_recommended_replicas',
      'Processes like this one that the forecast needs',
      [],
      () => present(predictions().replicas.recommended),
    );
    this.#gauge('switchgear_forecast_requests_per_minute', 'Expected requests of the next step', [], () =>
      present(predictions().predictions.expected_rpm),
    );
    this.#gauge('switchgear_forecast_skill', 'Of the forecast of requests, against the last value', [], () =>
      present(predictions().skill),
    );
    const targets = (value: 'applied' | 'recommended') => () =>
      predictions().targets.flatMap((each): [Labels, number][] => {
        const { actuator, target } = each;
        if (this.#now.idleUpstreams.has(target)) return [];
        return each[value] === null ? [] : [[{ actuator, target }, each[value]]];
      });
    const names = ['actuator', 'target'];
    this.#gauge('switchgear_allocation', 'What is in force, in its own unit', names, targets('applied'));
    this.#gauge(
      'switchgear_allocation_recommended',
      'What forecast and demand ask for, in its own unit',
      names,
      targets('recommended'),
    );
    this.#counter('switchgear_cold_starts_total', 'Calls that waited for a model to load', [], () => [
      [{}, predictions().warmth.measured.cold_starts],
    ]);
    this.#counter('switchgear_idle_warm_seconds_total', 'Time that models were in memory unused', [], () => [
      [{}, predictions().warmth.measured.idle_warm_minutes * 60],
    ]);
  }

  #addComponents(): void {
    const { telemetry } = this.#parts;
    const counts = (counter: string) => () =>
      this.#now.usedComponents.map(({ name }): [Labels, number] => [
        { component: name },
        telemetry.scope(`component:${name}`)?.meter.countTotals()[counter] ?? 0,
      ]);
    this.#gauge('switchgear_components', 'Components there are, called or not', [], () => [
      [{}, this.#now.components.length],
    ]);
    this.#gauge(
      'switchgear_breaker_state',
      '1 for the state that callers meet, 0 for the others',
      ['component', 'state'],
      () =>
        this.#now.usedComponents.flatMap(({ name, state }) =>
          STATES.map((each): [Labels, number] => [{ component: name, state: each }, each === state ? 1 : 0]),
        ),
    );
    this.#gauge('switchgear_breaker_held', '1 while an operator holds it', ['component'], () =>
      this.#now.usedComponents.map(({ name, hold }): [Labels, number] => [
        { component: name },
        hold === null ? 0 : 1,
      ]),
    );
    this.#counter('switchgear_calls_total', 'Calls that ended well or badly', ['component'], counts('calls'));
    this.#counter('switchgear_call_failures_total', 'Calls that failed', ['component'], counts('failures'));
    this.#counter(
      'switchgear_calls_refused_total',
      'Calls refused by the breaker',
      ['component'],
      counts('calls_refused'),
    );
    this.#histogram('switchgear_call_duration_seconds', 'Duration of calls', () => this.#callDurations());
  }

  #callDurations(): Counted[] {
    const called = this.#now.usedComponents.flatMap(({ name }) => {
      const totals = this.#parts.telemetry.scope(`component:${name}`)?.meter.histogramTotals('call');
      return totals === undefined || totals.count === 0 ? [] : [{ name, tally: inSeconds(totals) }];
    });
    const { own, others } = this.#detailedComponents.split(called, ({ name }) => name);
    const rest = summed(others.map(({ tally }) => tally));
    return [
      ...own.map(({ name, tally }) => ({ labels: { component: name }, ...tally })),
      ...(rest === null ? [] : [{ labels: { component: OTHER_COMPONENT }, ...rest }]),
    ];
  }

  #addUpstreams(): void {
    const each = (read: (load: UpstreamLoad) => number) => () =>
      this.#now.usedUpstreams.map((load): [Labels, number] => [{ upstream: load.name }, read(load)]);
    this.#gauge('switchgear_upstreams', 'Upstreams there are, called or not', [], () => [
      [{}, this.#now.upstreams.length],
    ]);
    this.#gauge(
      'switchgear_upstream_in_flight',
      'Calls in flight',
      ['upstream'],
      each(({ inFlight }) => inFlight),
    );
    this.#gauge(
      'switchgear_upstream_queued',
      'Calls waiting for a connection',
      ['upstream'],
      each(({ queued }) => queued),
    );
    this.#gauge(
      'switchgear_upstream_capacity',
      'Calls that may be in flight',
      ['upstream'],
      each(({ capacity }) => capacity),
    );
  }

  #addCaches(): void {
    const { cache } = this.#parts;
    const each = (read: (name: string) => [Labels, number][]) => () =>
      cache
        .names()
        .filter((name) => isUsed(name))
        .flatMap((name) =>
          read(name).map(([labels, value]) => [{ cache: name, ...labels }, value] as [Labels, number]),
        );
    const totals = (name: string) => cache.countsOf(name).total();
    const isUsed = (name: string) =>
      cache.memory.sizeOf(name).entries > 0 || Object.values(totals(name)).some((count) => count > 0);
    this.#counter(
      'switchgear_cache_looks_total',
      'Looks into a cache by how they ended',
      ['cache', 'outcome'],
      each((name) => LOOKS.map((outcome) => [{ outcome }, totals(name)[outcome]])),
    );
    this.#counter(
      'switchgear_cache_evictions_total',
      'Entries that left memory',
      ['cache', 'cause'],
      each((name) => EVICTIONS.map((cause) => [{ cause }, totals(name)[`evicted_${cause}`]])),
    );
    this.#counter(
      'switchgear_cache_saved_tokens_total',
      'Tokens that upstreams need not make again',
      ['cache', 'gen_ai_token_type'],
      each((name) => [
        [{ gen_ai_token_type: 'input' }, totals(name).saved_tokens_in],
        [{ gen_ai_token_type: 'output' }, totals(name).saved_tokens_out],
      ]),
    );
    this.#counter(
      'switchgear_cache_saved_seconds_total',
      'Time that upstreams need not spend again',
      ['cache'],
      each((name) => [[{}, totals(name).saved_ms / 1_000]]),
    );
    this.#counter(
      'switchgear_cache_shadow_checks_total',
      'Hits that the upstream was asked again',
      ['cache', 'result'],
      each((name) => [
        [{ result: 'same' }, totals(name).checks - totals(name).wrong_hits],
        [{ result: 'wrong' }, totals(name).wrong_hits],
      ]),
    );
    this.#gauge(
      'switchgear_cache_bytes',
      'Bytes in memory',
      ['cache'],
      each((name) => [[{}, cache.memory.sizeOf(name).bytes]]),
    );
    this.#gauge(
      'switchgear_cache_entries',
      'Entries in memory',
      ['cache'],
      each((name) => [[{}, cache.memory.sizeOf(name).entries]]),
    );
    this.#gauge('switchgear_cache_max_bytes', 'Budget of the memory tier', [], () => [
      [{}, cache.memory.maxBytes],
    ]);
  }

  #addBatchers(): void {
    const each = (read: (view: UpstreamBatcherView) => [Labels, number][]) => () =>
      this.#now.batching.upstreams.flatMap(({ name, llm, embedding }) =>
        (
          [
            ['llm', llm],
            ['embedding', embedding],
          ] as const
        ).flatMap(([kind, view]) => {
          if (view.total_batches === 0 && view.pending_requests === 0) return [];
          return read(view).map(([labels, value]): [Labels, number] => [
            { upstream: name, kind, ...labels },
            value,
          ]);
        }),
      );
    const names = ['upstream', 'kind'];
    this.#counter(
      'switchgear_batches_total',
      'Batches by why they left',
      [...names, 'reason'],
      each((view) => flushReasons.map((reason) => [{ reason }, view.flush_reasons[reason] ?? 0])),
    );
    this.#counter(
      'switchgear_batched_requests_total',
      'Requests that went out in a batch',
      names,
      each((view) => [[{}, view.total_requests]]),
    );
    this.#counter(
      'switchgear_batched_items_total',
      'Items that went out in a batch',
      names,
      each((view) => [[{}, view.total_items]]),
    );
    this.#gauge(
      'switchgear_batch_pending_requests',
      'Requests that wait for their batch',
      names,
      each((view) => [[{}, view.pending_requests]]),
    );
  }

  #genAi({ operation, model, upstream }: ModelLabels): Labels {
    const kind = this.#now.upstreams.find(({ name }) => name === upstream)?.kind ?? 'unknown';
    return {
      gen_ai_operation_name: OPERATION_NAMES[operation],
      gen_ai_request_model: model,
      gen_ai_provider_name: kind,
      switchgear_upstream: upstream,
    };
  }

  #counter(name: string, help: string, labelNames: string[], read: () => [Labels, number][]): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  #gauge(name: string, help: string, labelNames: string[], read: () => [Labels, number][]): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  #histogram(name: string, help: string, read: () => Counted[]): void {
    const metric = {
      name,
      get: async () => ({
        name,
        help,
        type: 'histogram',
        values: read().flatMap((each) => samplesOf(name, each)),
      }),
    };
    // prom-client counts histograms itself; the registry only ever calls `get`, so one that is counted already fits.
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}

interface Tally {
  /** Ascending, in the metric's unit. */
  readonly bounds: readonly number[];
  /** Samples at or below each bound. */
  readonly upTo: readonly number[];
  readonly count: number;
  readonly sum: number;
}

interface Counted extends Tally {
  readonly labels: Labels;
}

/** @param from the first of `BOUNDS_MS` that is wanted */
function inSeconds({ upTo, count, sumMs }: HistogramTotals, from = 0): Tally {
  return {
    bounds: BOUNDS_MS.slice(from).map((bound) => bound / 1_000),
    upTo: upTo.slice(from),
    count,
    sum: sumMs / 1_000,
  };
}

/** Of tallies with the same bounds; null of none. */
function summed(all: readonly Tally[]): Tally | null {
  const [first, ...rest] = all;
  if (first === undefined) return null;
  return rest.reduce(
    (total, { upTo, count, sum }) => ({
      bounds: total.bounds,
      upTo: total.upTo.map((before, bound) => before + (upTo[bound] ?? 0)),
      count: total.count + count,
      sum: total.sum + sum,
    }),
    first,
  );
}

function samplesOf(name: string, { labels, bounds, upTo, count, sum }: Counted) {
  return [
    ...bounds.map((bound, index) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: String(bound) },
      value: upTo[index] ?? 0,
    })),
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
