/**
 * Which models should be in memory: those used within their learned keep-alive, and those that are likely to be wanted
 * at this time of day. One policy for the live server and for replays.
 */
import type { Calendar } from '#lib/allocation/calendar.ts';
import { KeepAlives } from '#lib/allocation/warmth/keep-alive.ts';
import { PooledRate, StartHazard } from '#lib/allocation/warmth/start-hazard.ts';

export type WarmReason = 'keep_alive' | 'forecast';

export class WarmthPolicy {
  readonly #calendar: Calendar;
  readonly #keepAlives = new KeepAlives();
  readonly #pooled = new PooledRate();
  readonly #hazards = new Map<string, StartHazard>();

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /**
   * A use began after the model had been idle.
   * @param idleFromS when its last use had ended, epoch seconds
   * @param lambdaS idle seconds that one cold start is worth
   */
  learn(model: string, idleFromS: number, startS: number, lambdaS: number): void {
    const gapS = startS - idleFromS;
    if (!(gapS > 0)) return;
    const tauS = this.tauS(model, lambdaS);
    if (gapS > tauS) this.#hazardOf(model).learn(idleFromS + tauS, startS);
    this.#keepAlives.learn(model, gapS);
  }

  tauS(model: string, lambdaS: number): number {
    return this.#keepAlives.tauS(model, lambdaS);
  }

  learned(model: string): number {
    return this.#keepAlives.learned(model);
  }

  /** Starts per idle second at that time of day. */
  hazard(model: string, atS: number): number {
    return this.#hazardOf(model).at(atS);
  }

  /** Why the model should be in memory at that time; null when it should not. @param idleFromS null before any use */
  reason(model: string, idleFromS: number | null, atS: number, lambdaS: number): WarmReason | null {
    if (idleFromS === null) return null;
    if (atS - idleFromS <= this.tauS(model, lambdaS)) return 'keep_alive';
    return lambdaS * this.hazard(model, atS) > 1 ? 'forecast' : null;
  }

  /** What a gap costs under this policy as it is before it learns of it. */
  replay(
    model: string,
    idleFromS: number,
    startS: number,
    lambdaS: number,
  ): { idleS: number; cold: boolean } {
    const tauS = this.tauS(model, lambdaS);
    if (startS - idleFromS <= tauS) return { idleS: startS - idleFromS, cold: false };
    const hazard = this.#hazardOf(model);
    let idleS = tauS;
    let isWarm = true;
    // From slot to slot: within one the hazard does not change.
    for (let atS = idleFromS + tauS; atS < startS; ) {
      const nextS = Math.min((Math.floor(atS / hazard.slotS) + 1) * hazard.slotS, startS);
      isWarm = lambdaS * hazard.at(atS) > 1;
      if (isWarm) idleS += nextS - atS;
      atS = nextS;
    }
    return { idleS, cold: !isWarm };
  }

  #hazardOf(model: string): StartHazard {
    const known = this.#hazards.get(model);
    if (known !== undefined) return known;
    const created = new StartHazard(this.#calendar, this.#pooled);
    this.#hazards.set(model, created);
    return created;
  }
}
