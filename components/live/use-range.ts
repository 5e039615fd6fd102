'use client';

import { useCallback } from 'react';
import { DEFAULT_RANGE, type Range, rangeOf } from '#components/live/series.ts';
import { useUrlState } from '#components/live/use-url-state.ts';

/** The time that charts show, `?range=15m`. */
export function useRange(): [Range, (key: string) => void] {
  const [key, setKey] = useUrlState('range');
  const set = useCallback((next: string) => setKey(next === DEFAULT_RANGE ? null : next), [setKey]);
  return [rangeOf(key), set];
}
