'use client';

import useSWR from 'swr';
import { useLive } from '#components/live/live-context.ts';
import { load } from '#components/ui/api.ts';
import { type UpstreamView, upstreamListSchema } from '#lib/contracts/upstreams.ts';

/** All upstreams: those of the stream, or, where it shows some of them only, as they were when the page came. */
export function useUpstreams(): readonly UpstreamView[] {
  const { totals, upstreams } = useLive().snapshot;
  const isAll = totals.upstreams === upstreams.length;
  const { data } = useSWR(isAll ? null : '/api/upstreams', (path) => load(path, upstreamListSchema));
  return isAll ? upstreams : (data?.upstreams ?? upstreams);
}
