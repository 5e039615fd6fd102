/** The mean of all that was observed in the same hour of the same weekday. */

const HOURS_OF_WEEK = 168;

export class SameHour {
  readonly #sums = new Float64Array(HOURS_OF_WEEK);
  readonly #counts = new Float64Array(HOURS_OF_WEEK);

  observe(hourOfWeek: number, value: number): void {
    this.#sums[hourOfWeek] = (this.#sums[hourOfWeek] ?? 0) + value;
    this.#counts[hourOfWeek] = (this.#counts[hourOfWeek] ?? 0) + 1;
  }

  /** NaN for an hour that was never observed. */
  forecast(hourOfWeek: number): number {
    return (this.#sums[hourOfWeek] ?? 0) / (this.#counts[hourOfWeek] ?? 0);
  }
}
