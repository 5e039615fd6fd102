'use client';

import { useMemo } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { rangeOf } from '#components/live/series.ts';
import { useHistory } from '#components/live/use-history.ts';

const TWO_MINUTES = rangeOf('2m');

export interface Trends {
  /** Calls per second of the last two minutes, oldest first; empty while they are not known. */
  of(component: string): readonly (number | null)[];
  /** It was called in the last two minutes. */
  isBusy(component: string): boolean;
}

/** The last two minutes of every component; asked for once, however many use it. */
export function useTrends(): Trends {
  const key = useLive()
    .snapshot.components.map(({ name }) => `calls_per_s:${name}`)
    .join(',');
  const names = useMemo(() => key.split(',').filter((name) => name !== ''), [key]);
  const history = useHistory(names, TWO_MINUTES);
  return useMemo(() => {
    const of = (component: string) =>
      history.state === 'ready' ? (history.points.values[`calls_per_s:${component}`] ?? []) : [];
    return { of, isBusy: (component) => of(component).some((value) => value !== null && value > 0) };
  }, [history]);
}
