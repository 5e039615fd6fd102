'use client';

import { useEffect } from 'react';
import useSWR from 'swr';
import { useLive } from '#components/live/live-context.ts';
import { load } from '#components/ui/api.ts';
import { type CacheMetrics, cacheMetricsSchema } from '#lib/contracts/cache.ts';

export type CacheMetricsState =
  | { readonly state: 'loading' }
  | { readonly state: 'error'; readonly message: string }
  | { readonly state: 'ready'; readonly metrics: CacheMetrics; readonly reload: () => Promise<unknown> };

/** Snapshots between two questions. */
const EVERY = 2;

/** Asked for anew with the snapshots: a pause, or a page that nobody sees, asks nothing. */
export function useCacheMetrics(): CacheMetricsState {
  const { seq } = useLive().snapshot;
  const { data, error, mutate } = useSWR('/api/metrics/cache', (path) => load(path, cacheMetricsSchema), {
    keepPreviousData: true,
    revalidateOnFocus: false,
  });
  const turn = Math.floor(seq / EVERY);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each turn asks again
  useEffect(() => void mutate(), [turn, mutate]);
  if (data !== undefined) return { state: 'ready', metrics: data, reload: () => mutate() };
  if (error === undefined) return { state: 'loading' };
  return { state: 'error', message: error instanceof Error ? error.message : 'No answer' };
}
