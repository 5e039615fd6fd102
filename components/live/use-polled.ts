'use client';

import { useEffect } from 'react';
import useSWR from 'swr';
import type { z } from 'zod';
import { useLive } from '#components/live/live-context.ts';
import { load } from '#components/ui/api.ts';

export type Polled<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'error'; readonly message: string }
  | {
      readonly state: 'ready';
      readonly data: T;
      /** Why the last question was not answered; the data are older then. */
      readonly failure: string | null;
      readonly reload: () => Promise<unknown>;
    };

/** Snapshots between two questions. */
const EVERY = 2;

/**
 * Asked for anew with the snapshots: a pause, or a page that nobody sees, asks nothing.
 * @param initial what the server knew when it made the page
 */
export function usePolled<T>(path: string, schema: z.ZodType<T>, initial?: T): Polled<T> {
  const { seq } = useLive().snapshot;
  const { data, error, mutate } = useSWR(path, () => load(path, schema), {
    keepPreviousData: true,
    revalidateOnFocus: false,
    ...(initial === undefined ? {} : { fallbackData: initial }),
  });
  const turn = Math.floor(seq / EVERY);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each turn asks again
  useEffect(() => void mutate(), [turn, mutate]);
  const failure =
    error === undefined ? null : error instanceof Error ? error.message : 'The server did not answer';
  if (data !== undefined) return { state: 'ready', data, failure, reload: () => mutate() };
  return failure === null ? { state: 'loading' } : { state: 'error', message: failure };
}
