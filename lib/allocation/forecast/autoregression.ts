/**
 * AR(2) of a residual, by recursive least squares with forgetting:
 *
 *   e[t] = φ1 e[t-1] + φ2 e[t-2] + noise,   φ = (Σ λ^(T-t) x x')^-1 Σ λ^(T-t) x e[t],   x = (e[t-1], e[t-2])
 *
 * A forecast of h steps iterates the recursion with the noise left out.
 */

/** Steps of the past that must be known before a coefficient means anything. */
const MIN_DETERMINANT = 1e-9;
const RIDGE = 1e-3;

export class Autoregression {
  readonly #forgetting: number;
  #newest = 0;
  #before = 0;
  #a11 = RIDGE;
  #a12 = 0;
  #a22 = RIDGE;
  #b1 = 0;
  #b2 = 0;

  /** @param halfLifeSteps after which an observation weighs half */
  constructor(halfLifeSteps: number) {
    this.#forgetting = 0.5 ** (1 / halfLifeSteps);
  }

  observe(value: number): void {
    const kept = this.#forgetting;
    this.#a11 = this.#a11 * kept + this.#newest ** 2;
    this.#a12 = this.#a12 * kept + this.#newest * this.#before;
    this.#a22 = this.#a22 * kept + this.#before ** 2;
    this.#b1 = this.#b1 * kept + this.#newest * value;
    this.#b2 = this.#b2 * kept + this.#before * value;
    this.#shift(value);
  }

  /** A step without an observation: what was expected takes its place, and nothing is learned. */
  skip(): void {
    const [phi1, phi2] = this.#coefficients();
    this.#shift(phi1 * this.#newest + phi2 * this.#before);
  }

  /** The residuals of the next steps, nearest first. */
  forecast(steps: number): number[] {
    const [phi1, phi2] = this.#coefficients();
    let [newest, before] = [this.#newest, this.#before];
    return Array.from({ length: steps }, () => {
      [newest, before] = [phi1 * newest + phi2 * before, newest];
      return newest;
    });
  }

  /** Within the triangle where the recursion does not grow; outside it nothing is carried on. */
  #coefficients(): [number, number] {
    const determinant = this.#a11 * this.#a22 - this.#a12 ** 2;
    if (determinant < MIN_DETERMINANT) return [0, 0];
    const phi1 = (this.#b1 * this.#a22 - this.#b2 * this.#a12) / determinant;
    const phi2 = (this.#b2 * this.#a11 - this.#b1 * this.#a12) / determinant;
    const isStable = Math.abs(phi2) < 1 && phi1 + phi2 <= 1 && phi2 - phi1 <= 1;
    return isStable ? [phi1, phi2] : [Math.max(-1, Math.min(1, this.#b1 / this.#a11)), 0];
  }

  #shift(value: number): void {
    this.#before = this.#newest;
    this.#newest = value;
  }
}
