/** A bounded choice that does not change: whoever was seen first keeps a place of its own, the others have none. */

export class FirstSeen {
  readonly #max: number;
  readonly #names = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Those of the list that have a place, and the others; a place is free again when its holder is no longer there. */
  split<T>(all: readonly T[], nameOf: (each: T) => string): { own: T[]; others: T[] } {
    const present = new Set(all.map(nameOf));
    for (const name of this.#names) if (!present.has(name)) this.#names.delete(name);
    const own: T[] = [];
    const others: T[] = [];
    for (const each of all) {
      const name = nameOf(each);
      if (this.#names.size < this.#max) this.#names.add(name);
      (this.#names.has(name) ? own : others).push(each);
    }
    return { own, others };
  }
}
