/** Which component is worst, and when a list of them may change its order. */
import type { Component } from '#lib/contracts/snapshot.ts';

/** The component that protects nothing; only drills and tests use it. */
export const SANDBOX = 'test';
/** Rows stay where they are for so long, unless a state changes: a reader must not chase them. */
const RESORT_MS = 10_000;

const BADNESS = { open: 0, half_open: 1, closed: 4 } as const;
/** Somebody's own decision comes after what went wrong by itself. */
const HELD = { open: 2, half_open: 2, closed: 3 } as const;

/** Open, half-open, held open, held closed; then by failure rate, by traffic; the sandbox last of all. */
export function worstFirst<T extends Component>(components: readonly T[]): T[] {
  return components.toSorted(
    (a, b) =>
      Number(a.name === SANDBOX) - Number(b.name === SANDBOX) ||
      badnessOf(a) - badnessOf(b) ||
      (b.window.failure_rate ?? -1) - (a.window.failure_rate ?? -1) ||
      b.rate_per_s - a.rate_per_s ||
      a.name.localeCompare(b.name),
  );
}

function badnessOf({ state, hold }: Component): number {
  return (hold === null ? BADNESS : HELD)[state];
}

/** Closed, not held, and nobody calls it. */
export function isQuiet({ state, hold, window }: Component): boolean {
  return state === 'closed' && hold === null && window.calls === 0 && window.rejected === 0;
}

export interface Order {
  readonly names: readonly string[];
  readonly states: string;
  readonly sortedAtMs: number;
}

/** The order to show: the one before, unless it is old, or a state or the set of components has changed. */
export function nextOrder(before: Order | null, components: readonly Component[], nowMs: number): Order {
  const states = components
    .map(({ name, state, hold }) => `${name} ${state} ${hold?.mode ?? ''} ${SANDBOX === name}`)
    .toSorted()
    .join('\n');
  if (
    before !== null &&
    before.states === states &&
    nowMs - before.sortedAtMs < RESORT_MS &&
    nowMs >= before.sortedAtMs
  )
    return before;
  return { names: worstFirst(components).map(({ name }) => name), states, sortedAtMs: nowMs };
}
