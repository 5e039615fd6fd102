'use client';

import useSWR from 'swr';
import { AnswerError, load } from '#components/ui/api.ts';
import { type RequestRecord, requestRecordSchema } from '#lib/contracts/requests.ts';

export type RequestState =
  | { readonly state: 'loading' }
  | { readonly state: 'gone' }
  | { readonly state: 'error'; readonly message: string; readonly retry: () => void }
  | { readonly state: 'ready'; readonly record: RequestRecord };

/** One request: as it is in the list, else asked for; once seen it stays, since it changes no more. */
export function useRequest(id: string, listed: RequestRecord | undefined): RequestState {
  const { data, error, mutate } = useSWR(
    ['request', id],
    () => listed ?? load(`/api/requests/${encodeURIComponent(id)}`, requestRecordSchema),
    {
      revalidateOnFocus: false,
      revalidateOnReconnect: false,
      revalidateIfStale: false,
      shouldRetryOnError: false,
    },
  );
  const record = data ?? listed;
  if (record !== undefined) return { state: 'ready', record };
  if (error === undefined) return { state: 'loading' };
  if (error instanceof AnswerError && error.status === 404) return { state: 'gone' };
  const message = error instanceof Error ? error.message : 'The server did not answer';
  return { state: 'error', message, retry: () => void mutate() };
}
