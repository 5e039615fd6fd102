import type { BreakerStore } from '#lib/store/breaker-store.ts';

/** As many as there are components. */
export class MemoryBreakerStore implements BreakerStore {
  readonly #bodies = new Map<string, string>();

  read(name: string): string | null {
    return this.#bodies.get(name) ?? null;
  }

  write(name: string, body: string): void {
    this.#bodies.set(name, body);
  }

  remove(name: string): void {
    this.#bodies.delete(name);
  }
}
