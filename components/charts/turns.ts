/** Expensive drawing one after the other, each in a task of its own, so that none keeps the hand waiting for all. */

export class Turns {
  readonly #waiting = new Map<object, () => void>();
  readonly #later: (run: () => void) => void;
  #isDue = false;

  /** @param later runs something in a task of its own */
  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  /** Of one who asks again before its turn only the last wish counts; so there are never more than there are askers. */
  ask(who: object, run: () => void): void {
    this.#waiting.set(who, run);
    this.#arm();
  }

  leave(who: object): void {
    this.#waiting.delete(who);
  }

  #arm(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#later(() => {
      this.#isDue = false;
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [who, run] = next;
      this.#waiting.delete(who);
      run();
      if (this.#waiting.size > 0) this.#arm();
    });
  }
}
