'use client';

import { useEffect, useRef, useState } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { type Filters, isNarrowed, matches, queryOf } from '#components/requests/filters.ts';
import { merged, PAGE } from '#components/requests/merge.ts';
import { load } from '#components/ui/api.ts';
import { type RequestRecord, requestListSchema } from '#lib/contracts/requests.ts';

export type RequestLogState =
  | { readonly state: 'loading' }
  | { readonly state: 'error'; readonly message: string }
  | {
      readonly state: 'ready';
      /** Newest first. */
      readonly records: readonly RequestRecord[];
      /** Requests since the start, and how many of them were not kept. */
      readonly seen: number;
      readonly leftOut: number;
      /** Why the last question was not answered; what is shown is older then. */
      readonly failure: string | null;
    };

/** What the records on the page belong to. */
interface Known {
  query: string;
  startedAt: string;
  seq: number;
}

/** The last requests, followed: asked for when a snapshot tells that there are more; still in a pause. */
export function useRequestLog(filters: Filters): RequestLogState {
  const { snapshot, status } = useLive();
  const { started_at: startedAt, last_request_seq: newest } = snapshot;
  const [log, setLog] = useState<RequestLogState>({ state: 'loading' });
  const [answers, setAnswers] = useState(0);
  const known = useRef<Known | null>(null);
  const asking = useRef<string | null>(null);
  const query = queryOf(filters);
  const paused = status === 'paused';
  const current = useRef({ query, paused });
  current.current = { query, paused };
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer may be older than the newest snapshot already
  useEffect(() => {
    if (paused && known.current !== null) return;
    const before = known.current;
    const continues = before !== null && before.query === query && before.startedAt === startedAt;
    if ((continues && newest <= before.seq) || asking.current === query) return;
    asking.current = query;
    const after = continues ? `&after=${before.seq}` : '';
    load(`/api/requests?limit=${PAGE}${after}${query === '' ? '' : `&${query}`}`, requestListSchema)
      .then(
        ({ requests, last_seq, seen, left_out }) => {
          // What came too late for the filters, or into a pause, is asked for again.
          if (current.current.query !== query || (current.current.paused && before !== null)) return;
          known.current = { query, startedAt, seq: last_seq };
          setLog((shown) => ({
            state: 'ready',
            records: merged(continues && shown.state === 'ready' ? shown.records : [], requests),
            seen,
            leftOut: left_out,
            failure: null,
          }));
          setAnswers((count) => count + 1);
        },
        (thrown: unknown) => {
          if (current.current.query !== query) return;
          const message = thrown instanceof Error ? thrown.message : 'The server did not answer';
          setLog((shown) =>
            continues && shown.state === 'ready'
              ? { ...shown, failure: message }
              : { state: 'error', message },
          );
        },
      )
      .finally(() => {
        if (asking.current === query) asking.current = null;
      });
  }, [query, startedAt, newest, paused, answers]);
  // In a pause the filters work on what is there.
  if (paused && log.state === 'ready' && isNarrowed(filters)) {
    return { ...log, records: log.records.filter((record) => matches(record, filters)) };
  }
  return log;
}
