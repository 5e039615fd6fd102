import { isDeepStrictEqual } from 'node:util';
import { LoginAttempts } from '#lib/access/login-attempts.ts';
import { AccessPolicy } from '#lib/access/policy.ts';
import { RevokedSessions } from '#lib/access/revoked-sessions.ts';
import { SESSION_MS } from '#lib/access/session.ts';
import { CACHE_SERIES, GATEWAY_SERIES, modelSeries } from '#lib/allocation/usage.ts';
import { BreakerRegistry } from '#lib/breaker/registry.ts';
import { storedRecords } from '#lib/breaker/stored-records.ts';
import { WhatIfs } from '#lib/breaker/what-if/what-if.ts';
import { Ghosts } from '#lib/cache/ghosts.ts';
import { cacheMetrics, cacheSnapshot, percentText } from '#lib/cache/report.ts';
import { hitRateOf, hitsOf, ResponseCache } from '#lib/cache/response-cache.ts';
import { pictureOf } from '#lib/compose-snapshot.ts';
import { ConfigError } from '#lib/config/faults.ts';
import { LOOSENS, loosenedBy } from '#lib/config/reload.ts';
import { restartNeeded, takenBy, tellTaken } from '#lib/config/taken.ts';
import type { Batching, BatchKind, BatchLimitsPatch } from '#lib/contracts/batching.ts';
import {
  type Coverage,
  type SettingsOverrides,
  type Transition,
  transitionSchema,
  type WhatIf,
} from '#lib/contracts/breakers.ts';
import type { CacheMetrics, CacheSnapshot, RedisMetrics } from '#lib/contracts/cache.ts';
import {
  breakerSettingsSchema,
  type CacheConfig,
  type Config,
  type RedisConfig,
} from '#lib/contracts/config.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import type { Readiness } from '#lib/contracts/health.ts';
import type { Score } from '#lib/contracts/score.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';
import type { UpstreamView } from '#lib/contracts/upstreams.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { AnswerCache, embeddingsOf, responsesOf } from '#lib/gateway/answer-cache.ts';
import { batchingReport } from '#lib/gateway/batch-report.ts';
import { SlowReaders } from '#lib/gateway/client/slow-readers.ts';
import { Gateway } from '#lib/gateway/gateway.ts';
import { LargeAnswers } from '#lib/gateway/large/large-answers.ts';
import { Holdings } from '#lib/gateway/shared/holdings.ts';
import { EventStreams } from '#lib/http/event-streams.ts';
import { defaultBudgetBytes, RequestBodies } from '#lib/http/request-bodies.ts';
import { LabControl } from '#lib/lab/control.ts';
import type { LabUpstream } from '#lib/lab/upstream.ts';
import { PredictionService } from '#lib/predictions.ts';
import type { AuditEntry, RuntimeHandle } from '#lib/runtime-handle.ts';
import { evidenceOf } from '#lib/scorecard/evidence.ts';
import { LoadTests } from '#lib/scorecard/load-test/control.ts';
import { scoreOf } from '#lib/scorecard/scorecard.ts';
import { REDIS_BREAKER, REDIS_CAPACITY, REDIS_COMPONENT, RedisTier } from '#lib/store/redis-tier.ts';
import { openStore, type Store } from '#lib/store/store.ts';
import { EventLog } from '#lib/telemetry/event-log.ts';
import { InternalFaults } from '#lib/telemetry/internal-faults.ts';
import { LiveRows } from '#lib/telemetry/live-rows.ts';
import type { Logger } from '#lib/telemetry/logger.ts';
import { ProcessSampler } from '#lib/telemetry/process-sampler.ts';
import { Prometheus } from '#lib/telemetry/prometheus.ts';
import { Snapshots } from '#lib/telemetry/snapshots.ts';
import { Telemetry } from '#lib/telemetry/telemetry.ts';
import { everySecond } from '#lib/telemetry/ticker.ts';
import { UsageCollector } from '#lib/telemetry/usage-collector.ts';
import { type Discovery, discoverUpstream } from '#lib/upstream/discovery.ts';
import { modelFor } from '#lib/upstream/model-call.ts';
import { coverage } from '#lib/upstream/outbound.ts';
import { OPERATIONS } from '#lib/upstream/upstream.ts';
import { Upstreams } from '#lib/upstream/upstreams.ts';
import { warmthServers } from '#lib/upstream/warmth-servers.ts';

export interface RuntimeOptions {
  config: Config;
  logger: Logger;
  /** Where to keep what outlives a restart; in memory without it. */
  dataDir?: string;
  /** What the operator should know, in the place of what the configuration gives reason to say. */
  notice?: string;
  /** Where an Ollama is looked for when no upstream is configured, instead of its usual address. */
  ollamaUrl?: string;
  now?: () => number;
}

const BYTES_PER_MB = 1024 * 1024;
const DEFAULT_BODY_BYTES = defaultBudgetBytes();

/** Where a client on this machine reaches a server that listens on every address. */
const WILDCARDS = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

export class Runtime implements RuntimeHandle {
  readonly startedAt: string;
  readonly breakers: BreakerRegistry;
  readonly lab: LabControl;
  readonly events: EventLog;
  readonly internalFaults: InternalFaults;
  readonly gateway: Gateway;
  readonly bodies: RequestBodies;
  readonly cache: ResponseCache;
  readonly answers: AnswerCache;
  readonly slowReaders: SlowReaders;
  readonly predictions: PredictionService;
  readonly loadTests: LoadTests;
  readonly telemetry: Telemetry;
  readonly prometheus: Prometheus;
  readonly snapshots: Snapshots;
  readonly streams: EventStreams;
  readonly #upstreams: Upstreams<LabUpstream>;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #store: Store;
  readonly #process = new ProcessSampler();
  readonly #whatIfs: WhatIfs;
  readonly #stopTicking: () => void;
  readonly #ghosts: Ghosts;
  readonly #large = new LargeAnswers();
  #redis: RedisTier | null = null;
  /** As set by hand. */
  #cacheMb: number | null = null;
  readonly #revoked: RevokedSessions;
  readonly #attempts: LoginAttempts;
  #access: AccessPolicy;
  #config: Config;
  readonly #ollamaUrl: string | undefined;
  /** What serves while no upstream is configured. */
  #found: Discovery | null = null;
  readonly #givenNotice: string | null;
  #notice: string | null = null;
  #reloads: Promise<void> = Promise.resolve();
  #draining = false;

  /** Builds the parts and starts the labs. Throws what a part throws; nothing stays open then. */
  static async start(options: RuntimeOptions): Promise<Runtime> {
    const runtime = new Runtime(options);
    try {
      await runtime.#apply(options.config);
      // Not awaited: requests need no forecast.
      runtime.predictions.allocation.start().catch((thrown: unknown) => runtime.reportError(thrown));
    } catch (thrown) {
      await runtime.close();
      throw thrown;
    }
    return runtime;
  }

  private constructor({ config, logger, dataDir, notice, ollamaUrl, now = Date.now }: RuntimeOptions) {
    this.startedAt = new Date(now()).toISOString();
    this.#logger = logger;
    this.#now = now;
    this.#givenNotice = notice ?? null;
    this.#ollamaUrl = ollamaUrl;
    this.#config = config;
    // What the store has to tell before there is an event log.
    const troubles: Omit<LoggedEvent, 'seq' | 'at'>[] = [];
    let tell = (event: Omit<LoggedEvent, 'seq' | 'at'>) => void troubles.push(event);
    this.#store = openStore({
      dataDir: dataDir ?? null,
      now,
      onTrouble: (what, message) => tell({ type: `store_${what}`, detail: { message } }),
    });
    this.events = new EventLog(now, this.#store.events);
    this.events.subscribe(({ seq, at: _, ...event }) => logger.info({ seq, ...event }, event.type));
    tell = (event) => void this.events.append(event);
    for (const trouble of troubles) tell(trouble);
    const monotonicMs = () => performance.now();
    this.internalFaults = new InternalFaults({
      monotonicMs,
      onFault: ({ thrown, detail }) => {
        logger.error({ err: thrown, source: detail.source, untold: detail.untold }, 'internal fault');
        this.events.append({ type: 'internal_fault', detail });
      },
    });
    this.#revoked = new RevokedSessions({
      now,
      store: this.#store.settings,
      onRevoked: () => this.streams.endRefused(),
    });
    this.#attempts = new LoginAttempts({ monotonicMs, onEvent: (event) => this.events.append(event) });
    this.#access = this.#accessOf(config);
    this.telemetry = new Telemetry({
      now,
      monotonicMs,
      minutes: this.#store.minutes,
      upstreams: () => this.#loads(),
      cache: () => ({ total: this.cache.overall.total(), ...this.cacheSnapshot() }),
      process: () => this.#process.sample(),
      events: (fromMs, toMs, limit) => this.events.between(fromMs, toMs, limit),
    });
    this.breakers = new BreakerRegistry({
      now,
      monotonicMs,
      meterOf: (component) => this.telemetry.meterOf(component),
      records: storedRecords(this.#store.breakers, (component, message) =>
        this.events.append({ type: 'breaker_record_unreadable', component, detail: { message } }),
      ),
      lastTransitionOf: (component) => this.transitionsOf(component, 1)[0] ?? null,
      onTransition: (transition) => {
        this.events.append({
          type: `breaker_${transition.cause}`,
          component: transition.component,
          detail: transition,
        });
        if (transition.to === 'closed') this.answers.recovered(transition.component);
      },
    });
    this.#whatIfs = new WhatIfs(now);
    this.#upstreams = new Upstreams({
      now,
      onUse: (upstream, { model, idleFromMs, startMs }) =>
        this.predictions.allocation.warmth.used(
          upstream,
          model,
          idleFromMs === null ? null : idleFromMs / 1_000,
          startMs / 1_000,
        ),
      breakers: this.breakers,
      startLab: async (name) => {
        const lab = await this.lab.startLab(name);
        this.lab.faults.reapply(name, lab);
        return lab;
      },
      gateOf: (name) => this.lab.gateOf(name),
      onLabCrashed: (name, error) => {
        this.events.append({ type: 'lab_crashed', component: name, detail: { message: error.message } });
      },
    });
    this.lab = new LabControl({
      now,
      monotonicMs,
      config: () => this.#config,
      upstreams: this.#upstreams,
      breakers: this.breakers,
      events: this.events,
      drills: this.#store.drills,
      gateway: () => this.#ownAddress(),
      predictions: () => this.predictions.view(),
    });
    this.cache = new ResponseCache({
      limits: {
        maxBytes: BYTES_PER_MB * config.cache.memory_mb,
        staleIfErrorMs: 1_000 * config.cache.stale_if_error_s,
      },
      now,
      monotonicMs,
      random: Math.random,
      onCorrupt: ({ cache, model }) =>
        this.events.append({ type: 'cache_value_corrupt', component: 'redis', detail: { cache, model } }),
      onLook: (entry) => this.#ghosts.look(entry),
    });
    this.#ghosts = new Ghosts(
      now,
      () => this.cache.memory.maxBytes,
      (error) => logger.error({ err: error }, 'ghost caches: the worker failed'),
    );
    this.slowReaders = new SlowReaders({
      stallMs: () => 1_000 * this.#config.limits.client_stall_s,
      monotonicMs,
    });
    const holdings = new Holdings({
      limitBytes: () => BYTES_PER_MB * this.#config.limits.held_mb,
      onFull: (excessBytes) => this.slowReaders.makeRoom(excessBytes),
    });
    this.answers = new AnswerCache({
      cache: this.cache,
      holdings,
      large: this.#large,
      config: () => this.#config,
      now,
      monotonicMs,
      random: Math.random,
      onCanaryFailed: (upstream, model, cosine) =>
        this.events.append({
          type: 'batching_canary_failed',
          component: upstream,
          detail: { model, cosine },
        }),
    });
    this.bodies = new RequestBodies(() => bodyBudgetBytes(this.#config.limits));
    this.gateway = new Gateway({
      bodies: this.bodies,
      now,
      answers: this.answers,
      upstreams: this.#upstreams,
      access: () => this.#access,
      config: () => this.#config,
      requests: this.telemetry,
      outlets: { slow: this.slowReaders, holdings },
      onInternalError: (error, requestId) =>
        logger.error({ request_id: requestId, err: error.cause ?? error }, 'internal error'),
    });
    this.loadTests = new LoadTests({
      now,
      store: this.#store.settings,
      order: async (roundS) => {
        const [first] = this.#upstreams.list();
        if (first === undefined) throw new SwitchgearError('conflict', 'There is no upstream to test with');
        const [chatModel, embeddingModel] = await Promise.all([
          modelFor(first, 'chat'),
          modelFor(first, 'embeddings').catch(() => null),
        ]);
        return { ...this.#ownAddress(), chatModel, embeddingModel, roundS };
      },
      onEvent: (type, by, detail) => this.events.append({ type, ...(by === null ? {} : { by }), detail }),
    });
    const usage = new UsageCollector(this.telemetry);
    this.predictions = new PredictionService(
      {
        now,
        usage: this.#store.usage,
        collect: () => usage.take(this.#upstreams.list()),
        demands: () => this.#demands(),
        configured: () => ({
          connections: new Map(
            this.#upstreams.list().map(({ name, config: own }) => [name, own.connections]),
          ),
          cacheMb: this.#cacheMb ?? this.#config.cache.memory_mb,
        }),
        apply: {
          connections: (upstream, connections) => this.#upstreams.setCapacity(upstream, connections),
          workers: (upstream, limits) =>
            this.#upstreams
              .list()
              .find(({ name }) => name === upstream)
              ?.slots.setModelLimits(limits),
          cache: (megabytes) => this.#sizeCache(megabytes ?? this.#cacheMb ?? this.#config.cache.memory_mb),
        },
        cpuPercent: () => this.telemetry.lastSample?.cpuPercent ?? null,
        servers: () =>
          warmthServers(
            this.#upstreams.list(),
            (component) => this.breakers.require(component).state === 'open',
          ),
        onEvent: ({ component, ...event }) =>
          this.events.append({ ...event, ...(component === null ? {} : { component }) }),
      },
      () => this.#config.allocation,
      this.#store.settings,
    );
    this.prometheus = new Prometheus({
      telemetry: this.telemetry,
      components: () => this.breakers.list().map((breaker) => breaker.standing()),
      upstreams: () => this.#loads(),
      cache: this.cache,
      bodies: this.bodies,
      batching: () => this.batching(),
      predictions: () => this.predictions.view(),
      clients: () => ({
        heldBytes: holdings.bytes,
        slow: this.slowReaders.size,
        letGo: this.slowReaders.letGo,
      }),
      internalFaults: this.internalFaults,
    });
    this.snapshots = new Snapshots((seq) => pictureOf(this, seq, now()), monotonicMs);
    this.streams = new EventStreams({
      snapshots: this.snapshots,
      events: this.events,
      admits: ({ authorization, cookie }) => this.#access.admits({ authorization, cookie }),
      onError: (thrown) => this.reportError(thrown),
    });
    const rows = new LiveRows();
    this.#stopTicking = everySecond(
      [
        () => this.telemetry.tick(),
        () => this.#ghosts.tick(),
        () => this.predictions.allocation.tick(),
        () => this.lab.tour.tick(),
        () => {
          const read = rows.take(this.telemetry.sealedUntilMs);
          this.snapshots.tick((components, upstreams) =>
            read(this.telemetry.scopesOf(components, upstreams)),
          );
        },
      ],
      (thrown) => this.internalFaults.report('timer', thrown),
    );
  }

  get faults() {
    return this.lab.faults;
  }

  get drills() {
    return this.lab.drills;
  }

  get workload() {
    return this.lab.workload;
  }

  get tour() {
    return this.lab.tour;
  }

  get access(): AccessPolicy {
    return this.#access;
  }

  get address(): { url: string } {
    const { host, port } = this.#config.listen;
    const reachable = WILDCARDS.get(host) ?? host;
    return { url: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}` };
  }

  /** Something the operator should know about how this server runs, in one line. */
  get notice(): string | null {
    return this.#notice;
  }

  config(): Config {
    return this.#config;
  }

  snapshot(components: readonly string[] = []): Snapshot {
    return this.snapshots.now(components);
  }

  upstreams(): UpstreamView[] {
    return this.#upstreams.list().map((upstream) => ({
      name: upstream.name,
      kind: upstream.config.kind,
      lab: upstream.config.kind === 'lab',
      url: upstream.url,
      models: upstream.config.models,
      connections: upstream.config.connections,
      in_flight: upstream.slots.inFlight,
      queued: upstream.slots.queued,
      components: OPERATIONS.map((operation) => `${upstream.name}.${operation}`),
    }));
  }

  async cacheMetrics(): Promise<CacheMetrics> {
    const { cache: config } = this.#config;
    const owners = new Map(
      this.#upstreams
        .list()
        .flatMap(({ name, config: own }) =>
          [responsesOf(name), embeddingsOf(name)].map((each) => [each, own]),
        ),
    );
    return cacheMetrics({
      cache: this.cache,
      enabled: config.enabled,
      renderedBytes: this.answers.renderings.bytes,
      redis: await this.#redisMetrics(),
      ghosts: this.#ghosts.view,
      termsOf: (name) => ({
        ttlS: owners.get(name)?.cache.ttl_s ?? config.ttl_s,
        currency: owners.get(name)?.price?.currency ?? null,
      }),
      nowMs: this.#now(),
    });
  }

  cacheTotals() {
    const total = this.cache.overall.total();
    return { hits: hitsOf(total), misses: total.miss, hitRatio: hitRateOf(total) };
  }

  batching(): Batching {
    return batchingReport(this.answers, this.#upstreams.list(), this.#now());
  }

  batchingSnapshot(): Snapshot['batching'] {
    const { embeddings, prompts } = this.answers;
    const all = [...embeddings.batchers.list(), ...prompts.batchers.list()].map(
      ({ batcher }) => batcher.totals,
    );
    const sum = (read: (totals: (typeof all)[number]) => number) =>
      all.reduce((total, each) => total + read(each), 0);
    const batches = sum((totals) => totals.batches);
    return {
      pending: sum((totals) => totals.pending),
      in_flight: sum((totals) => totals.inFlight),
      calls_avoided: Math.max(
        0,
        sum((totals) => totals.entries - totals.batches),
      ),
      average_size: batches === 0 ? null : sum((totals) => totals.items) / batches,
    };
  }

  setBatchLimits(kind: BatchKind, name: string, limits: BatchLimitsPatch): void {
    const upstream = this.#upstreams.list().find((each) => each.name === name);
    if (upstream === undefined) return;
    const { embeddings, prompts } = this.answers;
    (kind === 'llm' ? prompts : embeddings).batchers.override(upstream, limits);
    if (kind === 'llm' && limits.max_wait_ms !== undefined && upstream.groups !== null)
      upstream.groups.maxWaitMs = limits.max_wait_ms;
  }

  cacheSnapshot(): CacheSnapshot {
    const redis = this.#redis === null ? 'not_configured' : this.#redis.available ? 'connected' : 'away';
    return cacheSnapshot(this.cache, this.#config.cache.enabled, redis);
  }

  /** Takes effect at once; what does not fit any more is dropped. */
  setCacheMemory(megabytes: number): void {
    this.#cacheMb = megabytes;
    this.#sizeCache(megabytes);
  }

  #sizeCache(megabytes: number): void {
    this.cache.setLimits({
      maxBytes: megabytes * BYTES_PER_MB,
      staleIfErrorMs: this.#config.cache.stale_if_error_s * 1_000,
    });
  }

  coverage(): Coverage {
    return coverage();
  }

  transitionsOf(component: string, limit: number): Transition[] {
    const { events } = this.events.query({ component, type: 'breaker_*', limit });
    return events.toReversed().flatMap(({ detail }) => transitionSchema.safeParse(detail).data ?? []);
  }

  whatIf(component: string, draft: SettingsOverrides): Promise<WhatIf> {
    return this.#whatIfs.run(this.breakers.require(component), draft);
  }

  score(): Score {
    return scoreOf(evidenceOf(this, this.#now()));
  }

  readiness(): Readiness {
    const reasons = this.#draining ? ['shutting down'] : [];
    return { ready: reasons.length === 0, reasons };
  }

  reportError(error: unknown): void {
    this.#logger.error({ err: error }, 'control plane: internal error');
  }

  audit(entry: AuditEntry): void {
    this.events.append({ type: entry.action, component: entry.component, by: entry.by, detail: entry });
  }

  /**
   * Takes a changed configuration, one after another. What can only change at a start is kept and named in an event.
   * @throws ConfigError, or what kept it from being taken; the old configuration is then whole
   */
  reload(config: Config): Promise<void> {
    const done = this.#reloads.then(() => this.#reload(config));
    this.#reloads = done.catch(() => {});
    return done;
  }

  async #reload(config: Config): Promise<void> {
    const running = { config: this.#config, found: this.#found !== null };
    const loosened = loosenedBy(running, config);
    if (loosened.length > 0) throw new ConfigError(loosened, LOOSENS);
    let hasBegun = false;
    try {
      await this.#apply({ ...config, listen: running.config.listen }, (wanted) => {
        if (this.#draining) throw new SwitchgearError('shutting_down', 'The server is shutting down');
        for (const path of restartNeeded(running.config, config))
          this.events.append({ type: 'config_needs_restart', detail: { path } });
        const taken = takenBy(running.config, wanted, this.#loads());
        if (taken.length > 0)
          this.events.append({ type: 'config_takes_away', detail: { message: tellTaken(taken), taken } });
        hasBegun = true;
      });
    } catch (thrown) {
      if (!hasBegun) throw thrown;
      this.#logger.error({ err: thrown }, 'configuration taken up only in part');
      const message = 'Keys and token are the new ones, the rest in part; restart to have all of it';
      this.events.append({ type: 'config_incomplete', detail: { message } });
      return;
    }
    this.events.append({ type: 'config_reloaded', detail: { upstreams: config.upstreams.length } });
  }

  refuseReload(error: Error): void {
    this.#logger.warn({ reason: error.message }, 'configuration refused, the old one stays');
    const faults = error instanceof ConfigError ? { faults: error.faults } : {};
    this.events.append({ type: 'config_refused', detail: { message: error.message, ...faults } });
  }

  /** From now on readiness is false, event streams end and no workload calls; requests are still served. */
  drain(): void {
    this.#draining = true;
    void this.lab.drain();
    this.loadTests.close();
    this.answers.drain();
    this.streams.close();
  }

  async close(): Promise<void> {
    this.drain();
    // One that has begun would open what is being closed.
    await this.#reloads;
    await this.lab.close();
    await this.#whatIfs.close();
    this.answers.close();
    this.slowReaders.close();
    await this.#large.close();
    await this.#upstreams.close();
    this.#redis?.close();
    await this.predictions.allocation.close();
    await this.#ghosts.close();
    this.breakers.close();
    this.#stopTicking();
    this.telemetry.close();
    this.#process.close();
    this.#store.close();
  }

  async #redisMetrics(): Promise<RedisMetrics> {
    if (this.#redis === null) return { status: 'unavailable', reason: 'not_configured' };
    const info = await this.#redis.info();
    if (info === null) return { status: 'unavailable', reason: 'away' };
    const looks = info.keyspace_hits + info.keyspace_misses;
    return {
      status: 'connected',
      ...info,
      hit_rate: percentText(looks === 0 ? null : info.keyspace_hits / looks),
      writes_refused: this.#redis.writeTrouble,
    };
  }

  /** What is in flight or waits now, by series; of the cache, its megabytes. */
  #demands(): Map<string, number> {
    const demands = new Map([
      [GATEWAY_SERIES, this.telemetry.inFlight],
      [CACHE_SERIES, this.cache.memory.bytes / BYTES_PER_MB],
    ]);
    for (const { name, slots } of this.#upstreams.list()) {
      demands.set(name, slots.inFlight + slots.queued);
      for (const [model, demand] of slots.demands()) demands.set(modelSeries(name, model), demand);
    }
    return demands;
  }

  #loads() {
    return this.#upstreams.list().map(({ name, config, slots }) => ({
      name,
      kind: config.kind,
      inFlight: slots.inFlight,
      queued: slots.queued,
      capacity: slots.limits.capacity,
    }));
  }

  /** Where a client in this process reaches the gateway, and the key that it needs. */
  #ownAddress() {
    const { host, port } = this.#config.listen;
    return { host: WILDCARDS.get(host) ?? host, port, apiKey: this.#config.auth.api_keys[0] ?? null };
  }

  /** @param begin is given what will be in force, once all that may fail has been done; may throw itself */
  async #apply(given: Config, begin: (config: Config) => void = () => {}): Promise<void> {
    const found = given.upstreams.length === 0 ? await this.#discover() : null;
    const config = found === null ? given : { ...given, upstreams: [found.upstream] };
    const before = this.#config;
    await this.#upstreams.apply(config, () => {
      begin(config);
      // First of all: whatever fails after it, who may do what is as the new configuration says.
      this.#access = this.#accessOf(config);
      if (config.auth.admin_token !== before.auth.admin_token) this.#revoked.endAll(SESSION_MS);
      this.#config = config;
      this.#found = found;
      this.#notice = this.#givenNotice ?? noticeOf(config, found);
    });
    const redis = this.#swapRedis(config.redis);
    this.telemetry.retain(
      this.breakers.list().map(({ name }) => name),
      config.upstreams.map(({ name }) => name),
    );
    this.#applyCacheLimits(config.cache, before.cache);
    this.answers.reconfigured(this.#upstreams.list());
    this.lab.reconfigured();
    this.predictions.reconfigured();
    await redis?.start();
  }

  /** An Ollama that was found stays: were it away just now, the lab would answer in its place. */
  async #discover(): Promise<Discovery> {
    if (this.#found?.upstream.kind === 'ollama') return this.#found;
    return discoverUpstream((candidate) => this.#upstreams.findsOllama(candidate), this.#ollamaUrl);
  }

  /** A budget that was set by hand stays until the configured one changes. */
  #applyCacheLimits({ memory_mb, stale_if_error_s }: CacheConfig, before: CacheConfig): void {
    const isSame = memory_mb === before.memory_mb;
    if (!isSame) this.#cacheMb = null;
    this.cache.setLimits({
      maxBytes: isSame ? this.cache.memory.maxBytes : memory_mb * BYTES_PER_MB,
      staleIfErrorMs: stale_if_error_s * 1_000,
    });
  }

  /** The tier that is to be started, when it is another one than before. */
  #swapRedis(config: RedisConfig | undefined): RedisTier | null {
    if (isDeepStrictEqual(config, this.#redis?.config)) return null;
    const redis = config === undefined ? null : this.#openRedis(config);
    this.#redis?.close();
    this.#redis = redis;
    this.cache.remote = redis;
    if (redis === null) this.breakers.remove(REDIS_COMPONENT);
    return redis;
  }

  #openRedis(config: RedisConfig): RedisTier {
    const settings = breakerSettingsSchema.parse({ ...REDIS_BREAKER, slow_call_ms: config.timeout_ms });
    const limits = { probeLeaseMs: config.timeout_ms, capacity: REDIS_CAPACITY };
    return new RedisTier({
      config,
      breaker: this.breakers.ensure(REDIS_COMPONENT, settings, limits),
      onEvent: (type, detail) => this.events.append({ type, component: REDIS_COMPONENT, detail }),
      onPurged: (scope) => this.cache.purgeMemory(scope),
    });
  }

  #accessOf({ listen, auth }: Config): AccessPolicy {
    return new AccessPolicy({
      host: listen.host,
      port: listen.port,
      adminToken: auth.admin_token ?? null,
      apiKeys: auth.api_keys,
      now: this.#now,
      revoked: this.#revoked,
      attempts: this.#attempts,
    });
  }
}

function noticeOf({ upstreams }: Config, found: Discovery | null): string | null {
  if (found !== null) return found.notice;
  const isAllLab = upstreams.every(({ kind }) => kind === 'lab');
  return isAllLab ? 'Every upstream is an embedded lab, a stand-in and no AI model' : null;
}

/** One body of the size allowed must fit, whatever the budget. */
function bodyBudgetBytes({ body_mb, bodies_mb }: Config['limits']): number {
  return Math.max(
    body_mb * BYTES_PER_MB,
    bodies_mb === undefined ? DEFAULT_BODY_BYTES : bodies_mb * BYTES_PER_MB,
  );
}
