/** The allocator as the runtime has it: what is set by operators, what is shown of it. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  Allocation,
  type AllocationParts,
  type AllocationSettings,
} from '#lib/allocation/live/allocation.ts';
import type { Outlook, SeriesView } from '#lib/allocation/live/book.ts';
import { HORIZONS } from '#lib/allocation/live/series-forecast.ts';
import { GATEWAY_SERIES, type UsageRow } from '#lib/allocation/usage.ts';
import type { Counted } from '#lib/allocation/warmth/ledger.ts';
import type { Config } from '#lib/contracts/config.ts';
import {
  type AllocationWhatIf,
  actuators,
  type allocationWhatIfRequestSchema,
  type Frontier,
  type Metric,
  modes,
  type PredictionSeries,
  type Predictions,
  type PredictionsPatch,
  type Warmth,
} from '#lib/contracts/predictions.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';

const DOCUMENT = 'allocation';
const LEDGER_SHOWN = 50;
/** Change over the horizon that is no trend. */
const STEADY = 0.05;
const TO_MS = 1_000;
/** Steps ahead of the farthest forecast. */
const FARTHEST = Math.max(...HORIZONS);
/** Of `cold_start_worth`, along the frontier. */
const WORTHS = [1, 2, 5, 10, 20, 40, 60, 120, 240, 480, 960] as const;

const overridesSchema = z.object({
  /** What was configured when they were set: they hold as long as that does. */
  configured: z.unknown().optional(),
  mode: z.enum(modes).optional(),
  modes: z.partialRecord(z.enum(actuators), z.enum(modes)).default({}),
  limits: z.record(z.string(), z.number()).default({}),
  cold_start_worth: z.number().optional(),
});
type Overrides = z.output<typeof overridesSchema>;

export class PredictionService {
  readonly allocation: Allocation;
  readonly #store: DocumentStore;
  readonly #config: () => Config['allocation'];
  readonly #now: () => number;
  readonly #historySize: () => number;
  readonly #configuredLimits: AllocationParts['configured'];
  #overrides: Overrides;

  constructor(
    parts: Omit<AllocationParts, 'settings' | 'timing'>,
    config: () => Config['allocation'],
    store: DocumentStore,
  ) {
    this.#store = store;
    this.#config = config;
    this.#now = parts.now;
    this.#historySize = () => parts.usage.stretches;
    this.#configuredLimits = parts.configured;
    this.#overrides = this.#read();
    const { step_s: stepS, season_s: seasonS, timezone } = config();
    this.allocation = new Allocation({
      ...parts,
      settings: () => this.settings,
      timing: { stepS, seasonS, timezone },
    });
  }

  get seasonS(): number {
    return this.allocation.timing.seasonS;
  }

  get settings(): AllocationSettings {
    const { mode, limits, quantile, cold_start_worth, keep_alive_s } = this.#config();
    return {
      mode: this.#overrides.mode ?? mode,
      modes: this.#overrides.modes,
      limits: { ...limits, ...this.#overrides.limits },
      quantile,
      cold_start_worth: this.#overrides.cold_start_worth ?? cold_start_worth,
      keep_alive_s,
    };
  }

  change({ mode, actuator, limits, cold_start_worth }: PredictionsPatch): void {
    const next: Overrides = { ...this.#overrides, configured: this.#config() };
    if (mode !== undefined && actuator !== undefined) next.modes = { ...next.modes, [actuator]: mode };
    else if (mode !== undefined) Object.assign(next, { mode, modes: {} });
    if (limits !== undefined) {
      for (const [name, value] of Object.entries(limits))
        if (value !== undefined) next.limits = { ...next.limits, [name]: value };
    }
    if (cold_start_worth !== undefined) next.cold_start_worth = cold_start_worth;
    this.#overrides = next;
    this.#store.write(DOCUMENT, JSON.stringify(next));
    this.allocation.reconfigured();
  }

  /** The configuration was read anew. */
  reconfigured(): void {
    this.#overrides = this.#read();
    this.allocation.reconfigured();
  }

  import(rows: readonly UsageRow[]): Promise<number> {
    return this.allocation.import(rows);
  }

  view(): Predictions {
    const { allocation, settings } = this;
    const { stepS, seasonS, timezone } = allocation.timing;
    const outlook = (metric: Metric) => allocation.outlook(GATEWAY_SERIES, metric);
    const requests = outlook('requests');
    const next = (metric: Metric) => outlook(metric)?.ahead[0]?.point ?? null;
    const perStep = next('requests');
    const targets = allocation.targets();
    const isReady = (requests?.ahead.length ?? 0) > 0;
    const { skill = null, coverage = null } = requests?.standing ?? {};
    return {
      timestamp: new Date(this.#now()).toISOString(),
      mode: settings.mode,
      modes: settings.modes,
      state: isReady ? 'ready' : 'learning',
      learning: isReady ? null : this.#learning(requests),
      optimization_status:
        targets.some(({ mode }) => mode === 'act') || allocation.warmthMode.mode === 'act'
          ? 'active'
          : 'inactive',
      predictions: {
        expected_rpm: perStep === null ? null : (perStep * 60) / stepS,
        expected_connections: next('demand'),
        expected_response_time: next('response_ms'),
        confidence: coverage === null || skill === null ? null : skill > 0 ? coverage : 0,
        trend: trendOf(requests),
      },
      horizon_s: FARTHEST * stepS,
      current_allocations: this.#inForce(targets),
      resource_limits: {
        workers: settings.limits.workers,
        connections: settings.limits.connections,
        cache_size_mb: settings.limits.cache_mb,
      },
      history_size: this.#historySize(),
      collected_every_s: allocation.collectS,
      step_s: stepS,
      season_s: seasonS,
      timezone,
      quantile: settings.quantile,
      cold_start_worth: settings.cold_start_worth,
      skill,
      coverage,
      targets: targets.map(({ latencyLimit, outlook: of, ...target }) => ({
        ...target,
        latency_limit: latencyLimit,
        skill: of?.standing.skill ?? null,
        coverage: of?.standing.coverage ?? null,
      })),
      replicas: this.#replicas(),
      warmth: this.#warmth(),
      series: allocation.series,
    };
  }

  /** @throws SwitchgearError `not_found` */
  async series(series: string, metric: Metric, steps: number): Promise<PredictionSeries> {
    const view = (await this.allocation.forecasts.ask('view', series, metric)) as SeriesView | null;
    if (view === null && series !== GATEWAY_SERIES) throw this.#unknown(series);
    const { stepS: step_s, seasonS: season_s } = this.allocation.timing;
    const iso = (atS: number) => new Date(atS * TO_MS).toISOString();
    const empty = { ...emptyView(), ...view };
    return {
      series,
      metric,
      step_s,
      season_s,
      past: empty.past.slice(-steps).map(({ atS, ...rest }) => ({ at: iso(atS), ...rest })),
      ahead: empty.ahead.map(({ atS, point, lower, upper, quantiles }) => ({
        at: iso(atS),
        point,
        lower,
        upper,
        quantile: quantiles[1] ?? upper,
      })),
      standing: empty.standing,
      observed: empty.observed,
    };
  }

  /** @throws SwitchgearError `not_found` */
  async whatIf({
    series,
    metric,
    quantile,
    lead_steps,
    load,
  }: z.output<typeof allocationWhatIfRequestSchema>): Promise<AllocationWhatIf> {
    const { forecasts } = this.allocation;
    const [draft, current] = await Promise.all([
      forecasts.ask('replay', series, metric, quantile, lead_steps, load),
      forecasts.ask('replay', series, metric, this.settings.quantile, 1, 1),
    ]);
    if (draft === null || current === null) throw this.#unknown(series);
    return { draft, current };
  }

  async frontier(): Promise<Frontier> {
    const { warmth, forecasts } = this.allocation;
    const worth = this.settings.cold_start_worth;
    const loadS = warmth.usualLambdaS / worth;
    const frontier = await forecasts.ask(
      'frontier',
      warmth.gaps,
      WORTHS.map((each) => each * loadS),
    );
    return {
      gaps: frontier.gaps,
      lambda_s: worth * loadS,
      fixed: [...frontier.fixed],
      learned: frontier.ours.map((point, at) => ({ ...point, cold_start_worth: WORTHS[at] ?? 0 })),
    };
  }

  #learning(requests: Outlook | null): string {
    const { replayed } = this.allocation;
    if (replayed !== null) return `taking up what was recorded before: ${Math.round(replayed * 100)} %`;
    const observed = requests?.observed ?? 0;
    const { stepS } = this.allocation.timing;
    return `${observed} steps of ${stepS} s observed; forecasts begin after some 20`;
  }

  #inForce(targets: ReturnType<Allocation['targets']>): Predictions['current_allocations'] {
    const { connections, cacheMb } = this.#configuredLimits();
    const applied = (actuator: string) =>
      targets.filter((each) => each.actuator === actuator && each.mode === 'act' && each.applied !== null);
    const sum = (list: ReturnType<Allocation['targets']>) =>
      list.reduce((total, each) => total + (each.applied ?? 0), 0);
    const acting = applied('connections');
    const rest = [...connections].filter(([name]) => !acting.some(({ target }) => target === name));
    const total = sum(acting) + rest.reduce((most, [, each]) => most + each, 0);
    const workers = applied('workers');
    return {
      connections: total,
      // Without limits of their own, models share the connections.
      workers: workers.length === 0 ? total : sum(workers),
      cache_size_mb: applied('cache')[0]?.applied ?? cacheMb,
    };
  }

  #replicas(): Predictions['replicas'] {
    const { cpuMsPerRequest, ...replicas } = this.allocation.replicas;
    return { ...replicas, cpu_ms_per_request: cpuMsPerRequest };
  }

  #warmth(): Warmth {
    const { warmth, warmthMode } = this.allocation;
    const { ledger } = warmth;
    const iso = (atS: number | null) => (atS === null ? null : new Date(atS * TO_MS).toISOString());
    const { gaps, ours, usual } = ledger.totals;
    return {
      ...warmthMode,
      measured: { cold_starts: ledger.coldStarts, idle_warm_minutes: ledger.idleWarmS / 60 },
      compared: { gaps, learned: costOf(ours), server: costOf(usual) },
      server_keep_alive_s: this.settings.keep_alive_s,
      preloads: ledger.preloads,
      unloads: ledger.unloads,
      models: warmth.list().map(({ tauS, lambdaS, loadS, idleFromS, ...model }) => ({
        ...model,
        keep_alive_s: tauS,
        lambda_s: lambdaS,
        load_s: loadS,
        idle_from: iso(idleFromS),
      })),
      ledger: ledger.entries(LEDGER_SHOWN).map(({ atS, endedS, wouldHaveBeenCold, ...entry }) => ({
        ...entry,
        at: new Date(atS * TO_MS).toISOString(),
        ended_at: iso(endedS),
        would_have_been_cold: wouldHaveBeenCold,
      })),
    };
  }

  #unknown(series: string): SwitchgearError {
    const known = this.allocation.series;
    const text = `Unknown series '${series.slice(0, 100)}'; known are ${known.join(', ').slice(0, 500)}`;
    return new SwitchgearError('not_found', text, { details: { known } });
  }

  #read(): Overrides {
    const none = overridesSchema.parse({});
    const text = this.#store.read(DOCUMENT);
    if (text === null) return none;
    try {
      const read = overridesSchema.parse(JSON.parse(text));
      const configured = JSON.parse(JSON.stringify(this.#config()));
      return isDeepStrictEqual(read.configured, configured) ? read : none;
    } catch {
      return none;
    }
  }
}

function costOf({ coldStarts, idleS, costS }: Counted) {
  return { cold_starts: coldStarts, idle_warm_minutes: idleS / 60, cost_minutes: costS / 60 };
}

function trendOf(outlook: Outlook | null): Predictions['predictions']['trend'] {
  const [first, last] = [outlook?.ahead[0], outlook?.ahead.at(-1)];
  if (first === undefined || last === undefined) return 'unknown';
  const change = (last.point - first.point) / Math.max(first.point, last.point, 1e-9);
  if (Math.abs(change) < STEADY) return 'steady';
  return change > 0 ? 'rising' : 'falling';
}

function emptyView(): SeriesView {
  const none = { origins: 0, mae: null, pinball_90: null, coverage_90: null };
  return {
    past: [],
    ahead: [],
    observed: 0,
    standing: {
      methods: {
        ours: none,
        last_value: none,
        seasonal_naive: none,
        same_hour_weekday: none,
        holt_winters: none,
      },
      skill: null,
      coverage: null,
      origins: 0,
    },
  };
}
