'use client';

import { usePathname } from 'next/navigation';
import { useCallback } from 'react';
import { DEFAULT_RANGE, type Range, rangeOf } from '#components/live/series.ts';
import { useUrlState } from '#components/live/use-url-state.ts';

/** Where something else than `DEFAULT_RANGE` is to be seen: in the Lab what was done just now. */
const DEFAULTS: Readonly<Record<string, string>> = { '/lab': '2m' };

/** The time that charts show, `?range=15m`. */
export function useRange(): [Range, (key: string) => void] {
  const fallback = DEFAULTS[usePathname()] ?? DEFAULT_RANGE;
  const [key, setKey] = useUrlState('range');
  const set = useCallback((next: string) => setKey(next === fallback ? null : next), [setKey, fallback]);
  return [rangeOf(key ?? fallback), set];
}
