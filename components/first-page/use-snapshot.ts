'use client';

import { useEffect, useState } from 'react';
import useSWR from 'swr';
import { load } from '#components/ui/api.ts';
import { type BreakerView, breakerListSchema } from '#lib/contracts/breakers.ts';
import { type UpstreamList, upstreamListSchema } from '#lib/contracts/upstreams.ts';

const POLL_MS = 2_000;

export interface Snapshot {
  data: UpstreamList & { breakers: BreakerView[] };
  /** Epoch milliseconds of the last answer; null before the page runs. */
  updatedAt: number | null;
  /** Why the last question was not answered; the data of the last answer stays. */
  error: string | null;
  refresh: () => Promise<unknown>;
}

/** What the server knows of upstreams and breakers, asked every two seconds while the page is seen. */
export function useSnapshot(initial: Snapshot['data']): Snapshot {
  const [updatedAt, setUpdatedAt] = useState<number | null>(null);
  useEffect(() => setUpdatedAt(Date.now()), []);
  const { data, error, mutate } = useSWR('snapshot', loadAll, {
    fallbackData: initial,
    refreshInterval: POLL_MS,
    keepPreviousData: true,
    onSuccess: () => setUpdatedAt(Date.now()),
  });
  return {
    data: data ?? initial,
    updatedAt,
    error: error instanceof Error ? error.message : null,
    refresh: () => mutate(),
  };
}

async function loadAll(): Promise<Snapshot['data']> {
  const [upstreams, breakers] = await Promise.all([
    load('/api/upstreams', upstreamListSchema),
    load('/api/breakers', breakerListSchema),
  ]);
  return { ...upstreams, ...breakers };
}
