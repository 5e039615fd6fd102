/**
 * What this program got wrong and nobody caught. Each is counted; of each place the first is told, and then once a
 * minute how often it came again: a fault of every request must not flood the log and the events.
 */
export type FaultSource = 'rejection' | 'exception' | 'timer';
export const FAULT_SOURCES: readonly FaultSource[] = ['rejection', 'exception', 'timer'];

export interface ToldFault {
  readonly source: FaultSource;
  readonly thrown: unknown;
  /** The error's name, and where it was made. Not its message, which may hold what a client sent. */
  readonly detail: { source: FaultSource; error: string; place: string; untold: number };
}

export interface InternalFaultsParts {
  readonly monotonicMs: () => number;
  readonly onFault: (fault: ToldFault) => void;
}

const TELL_EVERY_MS = 60_000;
/** Places that are told apart; the first are forgotten first. */
const MAX_PLACES = 100;

export class InternalFaults {
  readonly #parts: InternalFaultsParts;
  readonly #totals = new Map<FaultSource, number>();
  readonly #places = new Map<string, { toldAtMs: number; untold: number }>();

  constructor(parts: InternalFaultsParts) {
    this.#parts = parts;
  }

  total(source: FaultSource): number {
    return this.#totals.get(source) ?? 0;
  }

  /** Never throws: there is nobody left to catch it. */
  report(source: FaultSource, thrown: unknown): void {
    this.#totals.set(source, this.total(source) + 1);
    const [error, place] = [nameOf(thrown), placeOf(thrown)];
    const key = `${source} ${error} ${place}`;
    const nowMs = this.#parts.monotonicMs();
    const known = this.#places.get(key);
    if (known !== undefined && nowMs - known.toldAtMs < TELL_EVERY_MS) {
      known.untold += 1;
      return;
    }
    this.#places.delete(key);
    this.#places.set(key, { toldAtMs: nowMs, untold: 0 });
    const [oldest] = this.#places.keys();
    if (this.#places.size > MAX_PLACES && oldest !== undefined) this.#places.delete(oldest);
    try {
      const detail = { source, error, place, untold: known?.untold ?? 0 };
      this.#parts.onFault({ source, thrown, detail });
    } catch {
      // It is counted; a log or a store that fails now has told so itself.
    }
  }
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}

/** File and line of the innermost frame, from the checkout on; without a stack, nothing is known. */
function placeOf(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const [, file = ''] = /^\s*at .*?\(?([^\s()]+:\d+):\d+\)?$/m.exec(stack) ?? [];
  return file.replace(/^.*?(?=(?:lib|app|components|node_modules|\.next)\/|[^/]+$)/, '') || 'unknown';
}
