/**
 * The allocator as it runs: collects usage, has it forecast beside the event loop, and sizes what can be sized. In
 * `shadow` it only counts, in `advise` it says what it would do, in `act` it does it, where a forecast has earned that.
 */
import { Calendar } from '#lib/allocation/calendar.ts';
import { GradientLimit } from '#lib/allocation/gradient-limit.ts';
import type { Outlook, Outlooks } from '#lib/allocation/live/book.ts';
import { Forecasts } from '#lib/allocation/live/forecasts.ts';
import { Replicas } from '#lib/allocation/replicas.ts';
import { quantileAhead, Target } from '#lib/allocation/target.ts';
import {
  CACHE_SERIES,
  GATEWAY_SERIES,
  type Metric,
  onSteps,
  partsOf,
  type UsageRow,
} from '#lib/allocation/usage.ts';
import { type WarmthEvent, WarmthKeeper, type WarmthServer } from '#lib/allocation/warmth/keeper.ts';
import type { Actuator, AllocationMode as Mode } from '#lib/contracts/predictions.ts';

export interface AllocationSettings {
  mode: Mode;
  /** Modes of single actuators, where they differ. */
  modes: Partial<Record<Actuator, Mode>>;
  limits: { connections: number; workers: number; cache_mb: number };
  /** That allocations are sized by. */
  quantile: number;
  /** Idle seconds that one second of loading a model is worth. */
  cold_start_worth: number;
  /** What a server keeps a model for by itself. */
  keep_alive_s: number;
}

export interface Timing {
  readonly stepS: number;
  readonly seasonS: number;
  readonly timezone: string;
}

/** What was counted since the last collection. */
export interface Collected {
  readonly rows: readonly Pick<UsageRow, 'series' | 'requests' | 'responseMs'>[];
  readonly models: readonly {
    readonly upstream: string;
    readonly model: string;
    readonly endedS: number | null;
    readonly coldStarts: number;
    readonly loadMs: number;
  }[];
}

interface UsageRows {
  write(rows: readonly UsageRow[]): number;
  read(fromS: number, toS: number): UsageRow[];
  prune(beforeS: number): void;
  readonly stretches: number;
}

export type AllocationEvent =
  | { readonly type: 'allocation_changed'; readonly component: string | null; readonly detail: Change }
  | {
      readonly type: 'allocation_promoted' | 'allocation_demoted';
      readonly component: string | null;
      readonly detail: { actuator: Actuator; target: string; reason: string };
    }
  | {
      readonly type: 'model_preloaded' | 'model_unloaded' | 'model_load_failed';
      readonly component: string | null;
      readonly detail: WarmthEvent;
    }
  | {
      readonly type: 'forecasts_failed' | 'sizing_failed';
      readonly component: null;
      readonly detail: { message: string };
    };

export interface Change {
  readonly actuator: Actuator;
  readonly target: string;
  readonly before: number;
  readonly after: number;
  readonly reason: string;
}

export interface AllocationParts {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly usage: UsageRows;
  readonly settings: () => AllocationSettings;
  readonly timing: Timing;
  readonly collect: () => Collected;
  /** By series, what is in flight or waits now; of the cache, megabytes. */
  readonly demands: () => ReadonlyMap<string, number>;
  /** What is configured: connections by upstream, megabytes of the cache. */
  readonly configured: () => { connections: ReadonlyMap<string, number>; cacheMb: number };
  /** Null goes back to what is configured. */
  readonly apply: {
    connections(upstream: string, connections: number | null): void;
    workers(upstream: string, limits: ReadonlyMap<string, number>): void;
    cache(megabytes: number | null): void;
  };
  /** Share of one core, in percent; null before the first sample. */
  readonly cpuPercent: () => number | null;
  readonly servers: () => readonly WarmthServer[];
  readonly onEvent: (event: AllocationEvent) => void;
}

export interface TargetView {
  readonly actuator: Actuator;
  readonly target: string;
  readonly mode: Mode;
  /** Why it does not act in the mode `act`. */
  readonly refusal: string | null;
  readonly configured: number | null;
  /** What is in force. */
  readonly applied: number | null;
  readonly recommended: number;
  readonly reactive: number;
  readonly forecast: number | null;
  readonly latencyLimit: number | null;
  readonly outlook: Outlook | null;
}

/** Of the usage that is kept: two weeks. */
const KEPT_SEASONS = 14;
const MAX_COLLECT_S = 60;
/** Steps ahead that an allocation is for: the running one and the next. */
const LEAD_STEPS = 2;
const CONNECTION_FLOOR = 2;
const WORKER_FLOOR = 1;
const CACHE_FLOOR_MB = 8;
const CACHE_HEADROOM = 1.2;
/** What is given back is worth the change from this share on. */
const DEAD_BAND = 0.1;
/** Looks at model memory in a season: one each half a minute of a day. */
const LOOKS_PER_SEASON = 2_880;
const MIN_LOOK_S = 1;
/** What is read and sent to the worker at once while starting, so that requests wait for neither. */
const PAGES_PER_SEASON = 24;

export class Allocation {
  readonly warmth: WarmthKeeper;
  readonly calendar: Calendar;
  readonly collectS: number;
  readonly #parts: AllocationParts;
  #forecasts: Forecasts;
  readonly #targets = new Map<string, { actuator: Actuator; name: string; series: string; target: Target }>();
  readonly #limits = new Map<string, GradientLimit>();
  readonly #applied = new Map<string, number>();
  readonly #peaks = new Map<string, number>();
  readonly #replicas = new Replicas();
  #isWarmthPromoted = false;
  #outlooks: Outlooks = {};
  #stretch: number | null = null;
  #step: number | null = null;
  #lookedS: number;
  #replayed: number | null = 0;
  #isClosed = false;

  constructor(parts: AllocationParts) {
    this.#parts = parts;
    const { stepS, seasonS, timezone } = parts.timing;
    this.collectS = Math.min(MAX_COLLECT_S, stepS);
    this.calendar = new Calendar(seasonS, timezone);
    this.warmth = new WarmthKeeper({
      calendar: this.calendar,
      nowS: () => parts.now() / 1_000,
      worth: () => parts.settings().cold_start_worth,
      defaultKeepAliveS: () => parts.settings().keep_alive_s,
      onEvent: (type, detail) => parts.onEvent({ type, component: detail.upstream, detail }),
    });
    this.#lookedS = parts.now() / 1_000;
    this.#forecasts = this.#openForecasts();
  }

  /** Tells the forecasts what was recorded before. Resolves when they know it, or are closed. */
  async start(): Promise<void> {
    const { now, usage, timing } = this.#parts;
    const nowS = now() / 1_000;
    const told = this.#forecasts;
    const isOver = () => this.#isClosed || told !== this.#forecasts;
    const fromS = nowS - KEPT_SEASONS * timing.seasonS;
    const pageS = timing.seasonS / PAGES_PER_SEASON;
    const pages = KEPT_SEASONS * PAGES_PER_SEASON;
    for (let page = 0; page < pages; page += 1) {
      if (isOver()) return;
      this.#replayed = page / pages;
      await this.#tell(usage.read(fromS + page * pageS, fromS + (page + 1) * pageS));
    }
    if (isOver()) return;
    this.#replayed = null;
    // What was collected meanwhile.
    await this.#tell(usage.read(nowS, Number.MAX_SAFE_INTEGER));
    if (!isOver()) await this.#resize();
  }

  /** Share of what was recorded before that is taken up; null when all of it is. */
  get replayed(): number | null {
    return this.#replayed;
  }

  /** Once a second. */
  tick(): void {
    const nowS = this.#parts.now() / 1_000;
    const demands = this.#parts.demands();
    for (const [series, demand] of demands)
      this.#peaks.set(series, Math.max(demand, this.#peaks.get(series) ?? 0));
    if (this.#replayed === null) this.#rise(demands);
    const stretch = Math.floor(nowS / this.collectS);
    if (this.#stretch === null) {
      // What was counted before belongs to no whole stretch.
      this.#parts.collect();
      this.#peaks.clear();
    } else if (stretch !== this.#stretch) this.#collect(this.#stretch * this.collectS);
    this.#stretch = stretch;
    this.#look(nowS);
  }

  /**
   * Takes rows of the past in: they are kept, and everything is learned anew.
   * @returns how many rows were new; those of a time that was measured here are not
   */
  async import(rows: readonly UsageRow[]): Promise<number> {
    const written = this.#parts.usage.write(onSteps(rows, this.#parts.timing.stepS));
    const before = this.#forecasts;
    this.#forecasts = this.#openForecasts();
    this.#outlooks = {};
    this.warmth.relearn();
    await before.close();
    await this.start();
    return written;
  }

  outlook(series: string, metric: Metric): Outlook | null {
    return this.#outlooks[series]?.[metric] ?? null;
  }

  get timing(): Timing {
    return this.#parts.timing;
  }

  get series(): string[] {
    return Object.keys(this.#outlooks).sort();
  }

  get forecasts(): Forecasts {
    return this.#forecasts;
  }

  get replicas(): {
    recommended: number | null;
    mode: Mode;
    refusal: string | null;
    cpuMsPerRequest: number | null;
  } {
    const entry = this.#targetOf('replicas', 'gateway', GATEWAY_SERIES);
    return {
      recommended: this.#replicas.recommended,
      mode: this.#modeOf('replicas', entry.target.isPromoted),
      refusal: entry.target.refusal,
      cpuMsPerRequest: this.#replicas.cpuMsPerRequest,
    };
  }

  get warmthMode(): { mode: Mode; refusal: string | null } {
    const { refusal } = this.warmth.ledger;
    return { mode: this.#modeOf('warmth', refusal === null), refusal };
  }

  targets(): TargetView[] {
    const configured = this.#parts.configured();
    return [...this.#targets.values()].flatMap(({ actuator, name, series, target }) => {
      if (actuator === 'replicas') return [];
      const given = this.#configured(actuator, name, configured);
      return {
        actuator,
        target: name,
        mode: this.#modeOf(actuator, target.isPromoted),
        refusal: target.refusal,
        configured: given,
        applied: this.#applied.get(keyOf(actuator, name)) ?? given,
        recommended: target.sizing.recommended,
        reactive: target.sizing.reactive,
        forecast: target.sizing.forecast,
        latencyLimit: actuator === 'workers' ? (this.#limits.get(series)?.limit ?? null) : null,
        outlook: this.outlook(series, 'demand'),
      };
    });
  }

  /** What operators changed takes effect: what may no longer be acted on goes back to what is configured. */
  reconfigured(): void {
    this.#applyAll('the settings were changed');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#forecasts.close();
  }

  #openForecasts(): Forecasts {
    const { timing, settings } = this.#parts;
    return new Forecasts({ ...timing, quantile: settings().quantile }, (error) =>
      this.#tellFailure('forecasts_failed', error),
    );
  }

  #collect(atS: number): void {
    const { collect, usage, now } = this.#parts;
    const collected = collect();
    const rows = collected.rows.map(
      (row): UsageRow => ({
        ...row,
        atS,
        lastsS: this.collectS,
        demand: this.#peaks.get(row.series) ?? 0,
      }),
    );
    const peaks = new Map(this.#peaks);
    this.#peaks.clear();
    for (const { upstream, model, endedS, coldStarts, loadMs } of collected.models)
      this.warmth.counted(upstream, model, endedS, coldStarts, loadMs);
    this.#observeLatency(rows, peaks);
    const requests = rows.find(({ series }) => series === GATEWAY_SERIES)?.requests ?? 0;
    this.#replicas.observe(requests / this.collectS, this.#parts.cpuPercent());
    usage.write(rows);
    const step = Math.floor(now() / 1_000 / this.#parts.timing.stepS);
    const isNewStep = step !== this.#step;
    this.#step = step;
    if (this.#replayed !== null) return;
    this.#tell(rows, false)
      .then(() => (isNewStep ? this.#resize() : undefined))
      .catch((thrown: unknown) => this.#tellFailure('sizing_failed', thrown));
    if (isNewStep) usage.prune(now() / 1_000 - KEPT_SEASONS * this.#parts.timing.seasonS);
  }

  #observeLatency(rows: readonly UsageRow[], peaks: ReadonlyMap<string, number>): void {
    const { workers } = this.#parts.settings().limits;
    for (const { series, requests, responseMs } of rows) {
      if (partsOf(series).model === null || responseMs === null) continue;
      const limit = this.#limits.get(series) ?? new GradientLimit(WORKER_FLOOR, workers);
      this.#limits.set(series, limit);
      limit.observe(requests, responseMs, peaks.get(series) ?? 0, workers);
    }
  }

  /** @param isPast the models' uses are learned from it, too: of the present they are told one by one */
  async #tell(rows: readonly UsageRow[], isPast = true): Promise<void> {
    if (rows.length === 0) return;
    if (isPast) this.warmth.learn(rows);
    await this.#forecasts.ask('observe', rows).catch(() => {});
  }

  /** A step has ended: forecasts are new. */
  async #resize(): Promise<void> {
    try {
      this.#outlooks = await this.#forecasts.ask('outlooks');
    } catch {
      return;
    }
    if (this.#isClosed) return;
    const { connections } = this.#parts.configured();
    this.#forgetRemoved(connections);
    for (const upstream of connections.keys()) this.#targetOf('connections', upstream, upstream);
    for (const series of Object.keys(this.#outlooks))
      if (partsOf(series).model !== null && connections.has(partsOf(series).upstream))
        this.#targetOf('workers', series, series);
    this.#targetOf('cache', 'memory', CACHE_SERIES);
    this.#targetOf('replicas', 'gateway', GATEWAY_SERIES);
    const demands = this.#parts.demands();
    for (const { actuator, name, series, target } of this.#targets.values()) {
      const outlook = this.outlook(series, actuator === 'replicas' ? 'requests' : 'demand');
      const wasPromoted = target.isPromoted;
      if (target.judge(outlook)) this.#tellPromotion(actuator, name, wasPromoted, target.refusal);
      const quantile = quantileAhead(outlook, LEAD_STEPS, 1);
      if (actuator === 'replicas') {
        this.#replicas.size(quantile === null ? null : quantile / this.#parts.timing.stepS);
        continue;
      }
      const { floor, ceiling } = this.#boundsOf(actuator, name);
      const headroom = actuator === 'cache' ? CACHE_HEADROOM : 1;
      const reactive = (demands.get(series) ?? 0) * headroom;
      target.size(reactive, quantile === null ? null : quantile * headroom, floor, ceiling);
    }
    this.#judgeWarmth();
    this.#applyAll('forecast and demand');
  }

  /** Nothing is sized or kept warm of upstreams that are not configured any more. */
  #forgetRemoved(configured: ReadonlyMap<string, number>): void {
    for (const [key, { actuator, name }] of this.#targets) {
      const upstream = upstreamOf(actuator, name);
      if (upstream === null || configured.has(upstream)) continue;
      this.#targets.delete(key);
      if (this.#applied.delete(key) && actuator === 'connections') this.#parts.apply.connections(name, null);
    }
    for (const series of this.#limits.keys())
      if (!configured.has(partsOf(series).upstream)) this.#limits.delete(series);
    this.warmth.retain((upstream) => configured.has(upstream));
  }

  #judgeWarmth(): void {
    const { refusal } = this.warmth.ledger;
    const isPromoted = refusal === null;
    if (isPromoted === this.#isWarmthPromoted) return;
    this.#tellPromotion('warmth', 'models', this.#isWarmthPromoted, refusal);
    this.#isWarmthPromoted = isPromoted;
  }

  /** Demand that rises within a step is met at once. */
  #rise(demands: ReadonlyMap<string, number>): void {
    let hasRisen = false;
    for (const { actuator, name, series, target } of this.#targets.values()) {
      if (actuator === 'replicas' || actuator === 'cache') continue;
      const { floor, ceiling } = this.#boundsOf(actuator, name);
      if (target.rise(demands.get(series) ?? 0, floor, ceiling)) hasRisen = true;
    }
    if (hasRisen) this.#applyAll('demand rose');
  }

  #boundsOf(actuator: Actuator, name: string): { floor: number; ceiling: number } {
    const { limits } = this.#parts.settings();
    switch (actuator) {
      case 'connections': {
        const configured = this.#parts.configured().connections.get(name) ?? limits.connections;
        const ceiling = Math.min(configured, limits.connections);
        return { floor: Math.min(CONNECTION_FLOOR, ceiling), ceiling };
      }
      case 'workers': {
        const ceiling = Math.min(limits.workers, this.#limits.get(name)?.limit ?? limits.workers);
        return { floor: WORKER_FLOOR, ceiling: Math.max(WORKER_FLOOR, ceiling) };
      }
      default:
        return { floor: Math.min(CACHE_FLOOR_MB, limits.cache_mb), ceiling: limits.cache_mb };
    }
  }

  #applyAll(cause: string): void {
    const { apply } = this.#parts;
    const configured = this.#parts.configured();
    const workers = new Map<string, Map<string, number>>();
    for (const upstream of configured.connections.keys()) workers.set(upstream, new Map());
    for (const [key, { actuator, name, target }] of this.#targets) {
      if (actuator === 'replicas') continue;
      const acts = this.#modeOf(actuator, target.isPromoted) === 'act';
      const before = this.#applied.get(key);
      const wanted = acts ? this.#damped(before, target.sizing.recommended) : undefined;
      if (actuator === 'workers' && wanted !== undefined) {
        const { upstream, model } = partsOf(name);
        workers.get(upstream)?.set(model ?? '', wanted);
      }
      if (wanted === before) continue;
      if (wanted === undefined) this.#applied.delete(key);
      else this.#applied.set(key, wanted);
      if (actuator === 'connections') apply.connections(name, wanted ?? null);
      if (actuator === 'cache') apply.cache(wanted ?? null);
      const given = this.#configured(actuator, name, configured) ?? 0;
      const [from, to] = [before ?? given, wanted ?? given];
      if (from !== to) this.#tellChange({ actuator, target: name, before: from, after: to, reason: cause });
    }
    for (const [upstream, limits] of workers) apply.workers(upstream, limits);
  }

  #damped(before: number | undefined, wanted: number): number {
    if (before === undefined || wanted >= before) return wanted;
    return before - wanted >= Math.max(1, DEAD_BAND * before) ? wanted : before;
  }

  #configured(
    actuator: Actuator,
    name: string,
    { connections, cacheMb }: ReturnType<AllocationParts['configured']>,
  ): number | null {
    if (actuator === 'cache') return cacheMb;
    return connections.get(actuator === 'workers' ? partsOf(name).upstream : name) ?? null;
  }

  #look(nowS: number): void {
    const everyS = Math.max(MIN_LOOK_S, this.#parts.timing.seasonS / LOOKS_PER_SEASON);
    if (this.#replayed !== null || nowS - this.#lookedS < everyS) return;
    this.#lookedS = nowS;
    void this.warmth.look(this.#parts.servers(), this.warmthMode.mode === 'act');
  }

  #modeOf(actuator: Actuator, isPromoted: boolean): Mode {
    const { mode, modes } = this.#parts.settings();
    const wanted = modes[actuator] ?? mode;
    return wanted === 'act' && !isPromoted ? 'advise' : wanted;
  }

  #targetOf(actuator: Actuator, name: string, series: string) {
    const key = keyOf(actuator, name);
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const created = { actuator, name, series, target: new Target() };
    this.#targets.set(key, created);
    return created;
  }

  #tellPromotion(actuator: Actuator, target: string, wasPromoted: boolean, refusal: string | null): void {
    this.#parts.onEvent({
      type: wasPromoted ? 'allocation_demoted' : 'allocation_promoted',
      component: upstreamOf(actuator, target),
      detail: { actuator, target, reason: refusal ?? 'its forecasts are better than the last value' },
    });
  }

  #tellFailure(type: 'forecasts_failed' | 'sizing_failed', thrown: unknown): void {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#parts.onEvent({ type, component: null, detail: { message } });
  }

  #tellChange(detail: Change): void {
    const component = upstreamOf(detail.actuator, detail.target);
    this.#parts.onEvent({ type: 'allocation_changed', component, detail });
  }
}

function keyOf(actuator: Actuator, name: string): string {
  return `${actuator} ${name}`;
}

function upstreamOf(actuator: Actuator, target: string): string | null {
  return actuator === 'connections' || actuator === 'workers' ? partsOf(target).upstream : null;
}
