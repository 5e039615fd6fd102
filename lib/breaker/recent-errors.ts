/** The last few distinct errors, newest first, each with how often it was seen. */

const MAX_ERRORS = 5;
const MAX_MESSAGE_CHARS = 200;

export interface RecentError {
  kind: string;
  message: string;
  count: number;
}

export class RecentErrors {
  readonly #errors = new Map<string, RecentError>();

  note(kind: string, message: string): void {
    const shown = message.slice(0, MAX_MESSAGE_CHARS);
    const key = `${kind} ${shown}`;
    const error = this.#errors.get(key) ?? { kind, message: shown, count: 0 };
    error.count += 1;
    this.#errors.delete(key);
    this.#errors.set(key, error);
    if (this.#errors.size <= MAX_ERRORS) return;
    for (const oldest of this.#errors.keys()) {
      this.#errors.delete(oldest);
      break;
    }
  }

  list(): RecentError[] {
    return [...this.#errors.values()].map((error) => ({ ...error })).reverse();
  }

  clear(): void {
    this.#errors.clear();
  }
}
