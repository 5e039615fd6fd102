/** When a list of components may change its order. */
import type { Component } from '#lib/contracts/snapshot.ts';
import { SANDBOX, worstFirst } from '#lib/contracts/worst-first.ts';

export { isQuiet, SANDBOX, worstFirst } from '#lib/contracts/worst-first.ts';

/** Rows stay where they are for so long, unless a state changes: a reader must not chase them. */
const RESORT_MS = 10_000;

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
