/**
 * Which experts to believe: the exponentially weighted average forecaster (Cesa-Bianchi and Lugosi, "Prediction,
 * Learning, and Games", 2.1) over losses that are forgotten. With L_i the discounted mean absolute error of expert i:
 *
 *   w_i ∝ exp(-RATE (L_i - min L) / min L),   forecast = Σ w_i f_i
 *
 * Relative to the best loss, so that the unit of the series does not matter. An expert that has nothing to say is left
 * out, and is charged the worst loss of the others.
 */

const RATE = 20;
const LEAST = 1e-9;

export class Mixture {
  readonly #forgetting: number;
  readonly #losses: Float64Array;
  #weight = 0;

  /** @param halfLifeSteps after which a loss weighs half */
  constructor(experts: number, halfLifeSteps: number) {
    this.#forgetting = 0.5 ** (1 / halfLifeSteps);
    this.#losses = new Float64Array(experts);
  }

  /** @param forecasts one for each expert; NaN of those that have none. NaN when none has one */
  combine(forecasts: Float64Array): number {
    const best = this.#best(forecasts);
    let sum = 0;
    let weights = 0;
    for (let expert = 0; expert < forecasts.length; expert += 1) {
      const forecast = forecasts[expert] ?? Number.NaN;
      if (Number.isNaN(forecast)) continue;
      const share = Math.exp((-RATE * (this.#mean(expert) - best)) / Math.max(best, LEAST));
      sum += share * forecast;
      weights += share;
    }
    return sum / weights;
  }

  learn(forecasts: Float64Array, actual: number): void {
    let worst = 0;
    for (const forecast of forecasts)
      if (!Number.isNaN(forecast)) worst = Math.max(worst, Math.abs(forecast - actual));
    this.#weight = this.#weight * this.#forgetting + 1;
    for (let expert = 0; expert < forecasts.length; expert += 1) {
      const forecast = forecasts[expert] ?? Number.NaN;
      const loss = Number.isNaN(forecast) ? worst : Math.abs(forecast - actual);
      this.#losses[expert] = (this.#losses[expert] ?? 0) * this.#forgetting + loss;
    }
  }

  #best(forecasts: Float64Array): number {
    let best = Number.POSITIVE_INFINITY;
    for (let expert = 0; expert < forecasts.length; expert += 1)
      if (!Number.isNaN(forecasts[expert] ?? Number.NaN)) best = Math.min(best, this.#mean(expert));
    return best;
  }

  #mean(expert: number): number {
    return this.#weight === 0 ? 0 : (this.#losses[expert] ?? 0) / this.#weight;
  }
}
