/**
 * Keeps models in memory that are worth it, and lets go of those that are not, over whatever brings them in and out.
 * Whether it acts or not, it counts for each gap between uses what it would have cost under the policy, and under the
 * server's own keep-alive; and as measured, cold starts and the time that models were in memory and idle.
 */
import type { Calendar } from '#lib/allocation/calendar.ts';
import { partsOf, type UsageRow } from '#lib/allocation/usage.ts';
import type { Gap } from '#lib/allocation/warmth/frontier.ts';
import { Ledger } from '#lib/allocation/warmth/ledger.ts';
import { type WarmReason, WarmthPolicy } from '#lib/allocation/warmth/policy.ts';

export interface ResidentModel {
  readonly model: string;
  readonly bytes: number;
  /** Epoch seconds; null when it says none. */
  readonly expiresAtS: number | null;
}

/** A server whose models can be brought in and out of memory. */
export interface WarmthServer {
  readonly name: string;
  residents(): Promise<readonly ResidentModel[]>;
  /** Resolves once the model is there, and stays for so long after its last use. */
  keepWarm(model: string, keepAliveS: number): Promise<void>;
  unload(model: string): Promise<void>;
}

export interface KeeperOptions {
  readonly calendar: Calendar;
  /** Epoch seconds. */
  readonly nowS: () => number;
  /** Idle seconds that one second of loading is worth. */
  readonly worth: () => number;
  /** What servers keep a model for by themselves. */
  readonly defaultKeepAliveS: () => number;
  readonly onEvent: (
    type: 'model_preloaded' | 'model_unloaded' | 'model_load_failed',
    detail: WarmthEvent,
  ) => void;
}

export interface WarmthEvent {
  readonly upstream: string;
  readonly model: string;
  readonly reason: string;
}

export interface ModelWarmth {
  readonly upstream: string;
  readonly model: string;
  /** In memory as of the last look; null when it was not looked. */
  readonly loaded: boolean | null;
  readonly wanted: WarmReason | null;
  readonly tauS: number;
  readonly lambdaS: number;
  readonly loadS: number | null;
  readonly gaps: number;
  readonly idleFromS: number | null;
}

interface Tracked {
  readonly upstream: string;
  readonly model: string;
  idleFromS: number | null;
  inUse: boolean;
  loadS: number | null;
  loaded: boolean | null;
  bytes: number | null;
  /** It is being brought in or out. */
  isMoving: boolean;
}

/** Before a load was seen. */
const PRESUMED_LOAD_S = 5;
const LOAD_SMOOTHING = 0.3;
const MAX_GAPS = 5_000;
/** A model that is to be kept is told so when it would go within so many looks. */
const LOOKS_AHEAD = 3;

export class WarmthKeeper {
  readonly ledger: Ledger;
  readonly #options: KeeperOptions;
  #policy: WarmthPolicy;
  readonly #models = new Map<string, Tracked>();
  #gaps: Gap[] = [];
  /** The most that was seen in memory together, by upstream: so much fits. */
  readonly #fits = new Map<string, number>();
  #lookedAtS: number | null = null;
  #isLooking = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#policy = new WarmthPolicy(options.calendar);
    this.ledger = new Ledger();
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  /** A use begins. */
  used(upstream: string, model: string, idleFromS: number | null, startS: number): void {
    const tracked = this.#of(upstream, model);
    const fromS = idleFromS ?? tracked.idleFromS;
    if (fromS !== null && startS > fromS) this.#gap(tracked, fromS, startS);
    tracked.inUse = true;
  }

  /** What a collection found of a model. @param endedS when its last call ended; null while it is in use */
  counted(upstream: string, model: string, endedS: number | null, coldStarts: number, loadMs: number): void {
    const tracked = this.#of(upstream, model);
    tracked.inUse = endedS === null;
    if (endedS !== null) tracked.idleFromS = endedS;
    if (coldStarts === 0) return;
    this.ledger.coldStarts += coldStarts;
    this.#noteLoad(tracked, loadMs / coldStarts / 1_000);
  }

  /** Learns from what was recorded before: a model was in use in each stretch that has requests. */
  learn(rows: readonly UsageRow[]): void {
    for (const { series, atS, lastsS, requests } of rows) {
      const { upstream, model } = partsOf(series);
      if (model === null || requests <= 0) continue;
      const tracked = this.#of(upstream, model);
      if (tracked.idleFromS !== null && atS > tracked.idleFromS) this.#gap(tracked, tracked.idleFromS, atS);
      tracked.idleFromS = Math.max(tracked.idleFromS ?? 0, atS + lastsS);
    }
  }

  /** Forgets what the policy has learned; `learn` follows. What was counted stays. */
  relearn(): void {
    this.#policy = new WarmthPolicy(this.#options.calendar);
    this.#gaps = [];
    for (const tracked of this.#models.values()) if (!tracked.inUse) tracked.idleFromS = null;
  }

  /** Drops the models of other upstreams. */
  retain(isConfigured: (upstream: string) => boolean): void {
    for (const [key, { upstream }] of this.#models) if (!isConfigured(upstream)) this.#models.delete(key);
    for (const upstream of this.#fits.keys()) if (!isConfigured(upstream)) this.#fits.delete(upstream);
  }

  list(): ModelWarmth[] {
    const nowS = this.#options.nowS();
    return [...this.#models.entries()].map(([key, tracked]) => ({
      upstream: tracked.upstream,
      model: tracked.model,
      loaded: tracked.loaded,
      wanted: this.#reason(key, tracked, nowS),
      tauS: this.#policy.tauS(key, this.#lambdaS(tracked)),
      lambdaS: this.#lambdaS(tracked),
      loadS: tracked.loadS,
      gaps: this.#policy.learned(key),
      idleFromS: tracked.inUse ? null : tracked.idleFromS,
    }));
  }

  /** λ of a model with the usual load time, for where one number is asked for. */
  get usualLambdaS(): number {
    const known = [...this.#models.values()].flatMap(({ loadS }) => loadS ?? []);
    const mean = known.reduce((sum, each) => sum + each, 0) / known.length;
    return this.#options.worth() * (known.length === 0 ? PRESUMED_LOAD_S : mean);
  }

  /** Looks at what servers have in memory whose models were used, and acts when it may. Never rejects; a server that does not answer is left alone. */
  async look(servers: readonly WarmthServer[], mayAct: boolean): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const nowS = this.#options.nowS();
    const sinceS = this.#lookedAtS === null ? 0 : Math.max(0, nowS - this.#lookedAtS);
    this.#lookedAtS = nowS;
    const known = new Set([...this.#models.values()].map(({ upstream }) => upstream));
    const asked = servers.filter(({ name }) => known.has(name));
    for (const name of known) if (!asked.some((server) => server.name === name)) this.#forget(name);
    await Promise.all(
      asked.map((server) => this.#lookAt(server, sinceS, mayAct).catch(() => this.#forget(server.name))),
    );
    this.#isLooking = false;
  }

  async #lookAt(server: WarmthServer, sinceS: number, mayAct: boolean): Promise<void> {
    const residents = await server.residents();
    const nowS = this.#options.nowS();
    const bytes = residents.reduce((sum, resident) => sum + resident.bytes, 0);
    this.#fits.set(server.name, Math.max(bytes, this.#fits.get(server.name) ?? 0));
    const mine = [...this.#models].filter(([, { upstream }]) => upstream === server.name);
    for (const [key, tracked] of mine) {
      const resident = residents.find(({ model }) => isSameModel(model, tracked.model));
      const wasLoaded = tracked.loaded;
      tracked.loaded = resident !== undefined;
      if (resident !== undefined) tracked.bytes = resident.bytes;
      if (resident !== undefined && !tracked.inUse) this.ledger.idleWarmS += sinceS;
      if (resident === undefined && wasLoaded === true) this.ledger.gone(key, nowS);
      if (mayAct && !tracked.inUse && !tracked.isMoving)
        await this.#act(server, key, tracked, resident, residents, sinceS);
    }
  }

  async #act(
    server: WarmthServer,
    key: string,
    tracked: Tracked,
    resident: ResidentModel | undefined,
    residents: readonly ResidentModel[],
    sinceS: number,
  ): Promise<void> {
    const nowS = this.#options.nowS();
    const reason = this.#reason(key, tracked, nowS);
    const aheadS = LOOKS_AHEAD * Math.max(1, sinceS);
    if (reason === null) {
      if (resident !== undefined && tracked.idleFromS !== null && nowS - tracked.idleFromS > 2 * sinceS)
        await this.#unload(server, key, tracked, 'not worth keeping');
      return;
    }
    const tauS = this.#policy.tauS(key, this.#lambdaS(tracked));
    const leftS = reason === 'keep_alive' ? (tracked.idleFromS ?? nowS) + tauS - nowS : 0;
    if (resident !== undefined) {
      if (resident.expiresAtS !== null && resident.expiresAtS - nowS < Math.min(aheadS, leftS + aheadS))
        await this.#move(server, tracked, () => server.keepWarm(tracked.model, Math.max(aheadS, leftS)));
      return;
    }
    if (!this.#hasRoom(server.name, key, tracked, residents, nowS)) return;
    const entry = this.ledger.preload(tracked, key, reason, nowS);
    const detail = { upstream: server.name, model: tracked.model, reason: REASONS[reason] };
    const ok = await this.#move(server, tracked, () =>
      server.keepWarm(tracked.model, Math.max(aheadS, leftS)),
    );
    if (!ok) this.ledger.failed(entry, this.#options.nowS());
    else {
      tracked.loaded = true;
      this.#noteLoad(tracked, this.#options.nowS() - nowS);
      this.#options.onEvent('model_preloaded', detail);
    }
  }

  async #unload(server: WarmthServer, key: string, tracked: Tracked, reason: string): Promise<void> {
    const ok = await this.#move(server, tracked, () => server.unload(tracked.model));
    if (!ok) return;
    tracked.loaded = false;
    this.ledger.unloads += 1;
    this.ledger.gone(key, this.#options.nowS());
    this.#options.onEvent('model_unloaded', { upstream: server.name, model: tracked.model, reason });
  }

  async #move(server: WarmthServer, tracked: Tracked, move: () => Promise<void>): Promise<boolean> {
    tracked.isMoving = true;
    try {
      await move();
      return true;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#options.onEvent('model_load_failed', { upstream: server.name, model: tracked.model, reason });
      return false;
    } finally {
      tracked.isMoving = false;
    }
  }

  /** Whether it fits beside those that are there, as far as was seen, or is wanted more than the one that would go. */
  #hasRoom(
    upstream: string,
    key: string,
    tracked: Tracked,
    residents: readonly ResidentModel[],
    nowS: number,
  ): boolean {
    if (residents.length === 0) return true;
    const used = residents.reduce((sum, { bytes }) => sum + bytes, 0);
    if (tracked.bytes !== null && used + tracked.bytes <= (this.#fits.get(upstream) ?? 0)) return true;
    const gain = this.#worthOf(key, tracked, nowS);
    const idle = [...this.#models].filter(
      ([, each]) => each.upstream === upstream && each.loaded === true && !each.inUse,
    );
    // Servers let go of the one that was used longest ago.
    idle.sort(([, a], [, b]) => (a.idleFromS ?? 0) - (b.idleFromS ?? 0));
    const [victim] = idle;
    return victim !== undefined && gain > this.#worthOf(victim[0], victim[1], nowS);
  }

  /** Seconds of idling that being warm is worth, for each second. */
  #worthOf(key: string, tracked: Tracked, nowS: number): number {
    return this.#lambdaS(tracked) * this.#policy.hazard(key, nowS);
  }

  #gap(tracked: Tracked, idleFromS: number, startS: number): void {
    const key = keyOf(tracked.upstream, tracked.model);
    const lambdaS = this.#lambdaS(tracked);
    const gapS = startS - idleFromS;
    const ours = this.#policy.replay(key, idleFromS, startS, lambdaS);
    const keptS = this.#options.defaultKeepAliveS();
    const usual = { cold: gapS > keptS, idleS: Math.min(gapS, keptS) };
    this.ledger.gap(key, { ours, usual, lambdaS, startS });
    this.#policy.learn(key, idleFromS, startS, lambdaS);
    this.#gaps.push({ model: key, idleFromS, startS });
    if (this.#gaps.length > MAX_GAPS) this.#gaps.shift();
  }

  #reason(key: string, tracked: Tracked, nowS: number): WarmReason | null {
    if (tracked.inUse) return 'keep_alive';
    return this.#policy.reason(key, tracked.idleFromS, nowS, this.#lambdaS(tracked));
  }

  #lambdaS({ loadS }: Tracked): number {
    return this.#options.worth() * (loadS ?? PRESUMED_LOAD_S);
  }

  #noteLoad(tracked: Tracked, loadS: number): void {
    if (!(loadS > 0)) return;
    tracked.loadS = tracked.loadS === null ? loadS : tracked.loadS + LOAD_SMOOTHING * (loadS - tracked.loadS);
  }

  #forget(upstream: string): void {
    for (const tracked of this.#models.values()) if (tracked.upstream === upstream) tracked.loaded = null;
  }

  #of(upstream: string, model: string): Tracked {
    const key = keyOf(upstream, model);
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const created: Tracked = {
      upstream,
      model,
      idleFromS: null,
      inUse: false,
      loadS: null,
      loaded: null,
      bytes: null,
      isMoving: false,
    };
    this.#models.set(key, created);
    return created;
  }
}

const REASONS: Readonly<Record<WarmReason, string>> = {
  keep_alive: 'used shortly before, and gone from memory',
  forecast: 'usually wanted at this time of day',
};

function keyOf(upstream: string, model: string): string {
  return `${upstream}/${model}`;
}

/** Servers name the tag of a model that was asked for without one. */
function isSameModel(a: string, b: string): boolean {
  const full = (name: string) => (name.includes(':') ? name : `${name}:latest`);
  return full(a) === full(b);
}
