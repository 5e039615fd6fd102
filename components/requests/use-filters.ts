'use client';

import { useMemo } from 'react';
import { useUrlState } from '#components/live/use-url-state.ts';
import { FILTERS, type FilterName, type Filters } from '#components/requests/filters.ts';

export interface FilterState {
  readonly filters: Filters;
  set(name: FilterName, value: string | null): void;
  clear(): void;
}

/** The filters in the address. */
export function useFilters(): FilterState {
  const states = {
    upstream: useUrlState('upstream'),
    operation: useUrlState('operation'),
    model: useUrlState('model'),
    how: useUrlState('how'),
    trouble: useUrlState('trouble'),
    min_ms: useUrlState('min_ms'),
    id: useUrlState('id'),
  };
  const key = JSON.stringify(FILTERS.map((name) => states[name][0]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what the values come to
  return useMemo(() => {
    const given = FILTERS.map((name) => [name, states[name][0]] as const).filter(
      ([, value]) => value !== null && value !== '',
    );
    return {
      filters: Object.fromEntries(given) as Filters,
      set: (name, value) => states[name][1](value),
      clear: () => {
        for (const name of FILTERS) states[name][1](null);
      },
    };
  }, [key]);
}
