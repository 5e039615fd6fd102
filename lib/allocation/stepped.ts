/**
 * Out at once, in slowly:  a ← need  where need > a,  else  a ← a - SLOW (a - need).
 */

/** Of the way down, taken in one step. */
const SLOW = 0.2;

export class Stepped {
  #value = 0;

  /** @param need of the next step. @returns what to provide */
  next(need: number): number {
    this.#value = need > this.#value ? need : this.#value - SLOW * (this.#value - need);
    return this.#value;
  }
}
