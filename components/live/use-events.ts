'use client';

import { useEffect, useRef, useState } from 'react';
import { load } from '#components/ui/api.ts';
import { eventListSchema, type LoggedEvent } from '#lib/contracts/events.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';

/** Kept on the page; the server has the rest. */
const MAX_EVENTS = 300;
const RETRY_MS = 2_000;

export type EventsState = 'loading' | 'error' | 'ready';

/** The newest events, oldest first: asked for when a snapshot tells that there are more. */
export function useEvents({ last_event_seq, started_at }: Snapshot): {
  events: readonly LoggedEvent[];
  eventsState: EventsState;
} {
  const [events, setEvents] = useState<readonly LoggedEvent[]>([]);
  const [eventsState, setState] = useState<EventsState>('loading');
  const [attempt, setAttempt] = useState(0);
  const known = useRef({ seq: 0, startedAt: '' });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what failed is tried again
  useEffect(() => {
    // After a restart, or when more have come than are shown, the newest ones are asked for anew.
    const isNew = known.current.startedAt !== started_at || last_event_seq - known.current.seq > MAX_EVENTS;
    const after = isNew ? null : known.current.seq;
    if (after !== null && last_event_seq <= after) return;
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const query = after === null ? `limit=${MAX_EVENTS}` : `after=${after}&limit=${MAX_EVENTS}`;
    load(`/api/events?${query}`, eventListSchema).then(
      (answer) => {
        if (!current) return;
        known.current = { seq: answer.last_seq, startedAt: started_at };
        setState('ready');
        setEvents((before) =>
          [...(after === null ? [] : before.filter(({ seq }) => seq <= after)), ...answer.events].slice(
            -MAX_EVENTS,
          ),
        );
      },
      () => {
        if (!current) return;
        // Those that are there stay; the stream itself tells that the server is away.
        setState((before) => (before === 'ready' ? before : 'error'));
        timer = setTimeout(() => setAttempt((count) => count + 1), RETRY_MS);
      },
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [last_event_seq, started_at, attempt]);
  return { events, eventsState };
}
