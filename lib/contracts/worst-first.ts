/** Which component is worst: the order in which pages list them, and by which a large server chooses what it streams. */

/** The component that protects nothing; only drills and tests use it. */
export const SANDBOX = 'test';

/** A component, as far as the order needs it. */
export interface Standing {
  readonly name: string;
  readonly state: 'closed' | 'open' | 'half_open';
  /** Null when nobody holds it. */
  readonly hold: object | null;
  readonly window: {
    readonly calls: number;
    readonly rejected: number;
    readonly failure_rate: number | null;
  };
  readonly rate_per_s: number;
}

const BADNESS = { open: 0, half_open: 1, closed: 4 } as const;
/** Somebody's own decision comes after what went wrong by itself. */
const HELD = { open: 2, half_open: 2, closed: 3 } as const;

/** Open, half-open, held open, held closed; then by failure rate, by traffic; the sandbox last of all. */
export function worstFirst<T extends Standing>(components: readonly T[]): T[] {
  return components.toSorted(
    (a, b) =>
      Number(a.name === SANDBOX) - Number(b.name === SANDBOX) ||
      badnessOf(a) - badnessOf(b) ||
      (b.window.failure_rate ?? -1) - (a.window.failure_rate ?? -1) ||
      b.rate_per_s - a.rate_per_s ||
      a.name.localeCompare(b.name),
  );
}

function badnessOf({ state, hold }: Standing): number {
  return (hold === null ? BADNESS : HELD)[state];
}

/** Not closed, or held. */
export function isTroubled({ state, hold }: Pick<Standing, 'state' | 'hold'>): boolean {
  return state !== 'closed' || hold !== null;
}

/** Closed, not held, and nobody calls it. */
export function isQuiet(component: Standing): boolean {
  return !isTroubled(component) && component.window.calls === 0 && component.window.rejected === 0;
}
