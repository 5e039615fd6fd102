import type { Component } from '#lib/contracts/snapshot.ts';

/** In words: which components are in another state, or held otherwise, than before. */
export function changesBetween(
  before: readonly Component[],
  after: readonly Component[],
  /** Not all are shown: one that was not is taken to have been closed. */
  isPart = false,
): string[] {
  const known = new Map(before.map((component) => [component.name, stateOf(component)]));
  return after.flatMap((component) => {
    const state = stateOf(component);
    const previous = known.get(component.name) ?? (isPart ? 'closed' : undefined);
    return previous === undefined || previous === state ? [] : [`${component.name} is ${state}`];
  });
}

function stateOf({ state, hold }: Component): string {
  const word = hold?.mode === 'metrics_only' ? 'in metrics only' : state.replace('_', '-');
  return hold === null ? word : `held ${word}`;
}
