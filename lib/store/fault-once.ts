/** Tries what may fail, tells of a fault once until it went well again, and goes on with something else meanwhile. */
export class FaultOnce {
  readonly #onFault: (thrown: unknown) => void;
  #isFailing = false;

  constructor(onFault: (thrown: unknown) => void) {
    this.#onFault = onFault;
  }

  try<T>(use: () => T, otherwise: T): T {
    try {
      const result = use();
      this.#isFailing = false;
      return result;
    } catch (thrown) {
      const isNews = !this.#isFailing;
      this.#isFailing = true;
      if (isNews) this.#onFault(thrown);
      return otherwise;
    }
  }
}
