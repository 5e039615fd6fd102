import type { DocumentStore } from '#lib/store/document-store.ts';

export class MemoryDocumentStore implements DocumentStore {
  /** The most recently written last. */
  readonly #bodies = new Map<string, string>();

  read(name: string): string | null {
    return this.#bodies.get(name) ?? null;
  }

  write(name: string, body: string): void {
    this.#bodies.delete(name);
    this.#bodies.set(name, body);
  }

  remove(name: string): void {
    this.#bodies.delete(name);
  }

  newest(limit: number): string[] {
    return [...this.#bodies.values()].reverse().slice(0, limit);
  }

  keepNewest(count: number): void {
    const surplus = this.#bodies.size - count;
    if (surplus <= 0) return;
    for (const name of [...this.#bodies.keys()].slice(0, surplus)) this.#bodies.delete(name);
  }
}
