/**
 * Holt-Winters, additive, with a damped trend (Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 8.4):
 *
 *   level   l = α (y - s[slot]) + (1 - α)(l + φ b)
 *   trend   b = β (l - l') + (1 - β) φ b
 *   season  s[slot] = s[slot] + γ (y - l - s[slot])
 *   forecast of h steps: l + (φ + φ² + … + φ^h) b + s[slot of t + h]
 */

export interface HoltWintersWeights {
  level: number;
  trend: number;
  season: number;
  damping: number;
}

export const HOLT_WINTERS: HoltWintersWeights = { level: 0.5, trend: 0.02, season: 0.2, damping: 0.95 };

export class HoltWinters {
  readonly #weights: HoltWintersWeights;
  readonly #season: Float64Array;
  #level = Number.NaN;
  #trend = 0;

  constructor(slots: number, weights = HOLT_WINTERS) {
    this.#weights = weights;
    this.#season = new Float64Array(slots).fill(Number.NaN);
  }

  observe(slot: number, value: number): void {
    const { level, trend, season, damping } = this.#weights;
    if (Number.isNaN(this.#level)) this.#level = value;
    const known = this.#season[slot] ?? Number.NaN;
    const expected = Number.isNaN(known) ? 0 : known;
    const before = this.#level;
    this.#level = level * (value - expected) + (1 - level) * (before + damping * this.#trend);
    this.#trend = trend * (this.#level - before) + (1 - trend) * damping * this.#trend;
    const rest = value - this.#level;
    this.#season[slot] = Number.isNaN(known) ? rest : known + season * (rest - known);
  }

  /** NaN for a slot that was never observed. */
  forecast(steps: number, slot: number): number {
    const { damping } = this.#weights;
    const sum = damping === 1 ? steps : (damping * (1 - damping ** steps)) / (1 - damping);
    return this.#level + sum * this.#trend + (this.#season[slot] ?? Number.NaN);
  }
}
