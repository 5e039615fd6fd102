'use client';

import useSWR from 'swr';
import { useLive } from '#components/live/live-context.ts';
import { load } from '#components/ui/api.ts';
import { type Drill, drillListSchema } from '#lib/contracts/drills.ts';

/** Those that run, as they go, and those that are over; asked for anew when one begins or ends. Newest first. */
export function useDrills(): { drills: readonly Drill[]; state: 'loading' | 'error' | 'ready' } {
  const { drills: running } = useLive().snapshot;
  const key = running.map(({ id }) => id).join(',');
  const { data, error } = useSWR(['drills', key], () => load('/api/lab/drills', drillListSchema), {
    keepPreviousData: true,
  });
  const ids = new Set(running.map(({ id }) => id));
  const over = (data?.drills ?? []).filter(({ id, status }) => !ids.has(id) && status !== 'running');
  const state = data !== undefined ? 'ready' : error === undefined ? 'loading' : 'error';
  return { drills: [...running, ...over], state };
}
