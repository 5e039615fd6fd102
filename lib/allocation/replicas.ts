/**
 * How many processes like this one the forecast needs, for an autoscaler to read:
 *
 *   replicas = ceil(requests per second · cpu seconds per request / UTILISATION)
 *
 * with the cpu time of a request as measured here: the least-squares slope of cpu over rate, so that what the process
 * uses while idle is not laid on requests.
 */

const UTILISATION = 0.6;
const FORGETTING = 0.99;
const LEAST_RATE = 1;

export class Replicas {
  #weight = 0;
  #rate = 0;
  #cpu = 0;
  #rateRate = 0;
  #rateCpu = 0;
  recommended: number | null = null;

  /** @param cpuPercent of one core */
  observe(requestsPerS: number, cpuPercent: number | null): void {
    if (cpuPercent === null) return;
    const cpu = cpuPercent / 100;
    this.#weight = this.#weight * FORGETTING + 1;
    this.#rate = this.#rate * FORGETTING + requestsPerS;
    this.#cpu = this.#cpu * FORGETTING + cpu;
    this.#rateRate = this.#rateRate * FORGETTING + requestsPerS ** 2;
    this.#rateCpu = this.#rateCpu * FORGETTING + requestsPerS * cpu;
  }

  /** Null until rates have differed. */
  get cpuMsPerRequest(): number | null {
    const spread = this.#rateRate * this.#weight - this.#rate ** 2;
    if (this.#weight === 0 || this.#rateRate / this.#weight < LEAST_RATE ** 2) return null;
    if (spread <= 1e-6 * this.#rateRate * this.#weight) return null;
    const slope = (this.#rateCpu * this.#weight - this.#rate * this.#cpu) / spread;
    return slope > 0 ? slope * 1_000 : null;
  }

  /** @param requestsPerS that are to be ready for; null without a forecast */
  size(requestsPerS: number | null): void {
    const cpuMs = this.cpuMsPerRequest;
    if (requestsPerS === null || cpuMs === null) this.recommended = null;
    else this.recommended = Math.max(1, Math.ceil((requestsPerS * cpuMs) / 1_000 / UTILISATION));
  }
}
