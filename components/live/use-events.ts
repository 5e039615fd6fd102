'use client';

import { useEffect, useRef, useState } from 'react';
import { load } from '#components/ui/api.ts';
import { eventListSchema, type LoggedEvent } from '#lib/contracts/events.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';

/** Kept on the page; the audit has the rest. */
const MAX_EVENTS = 300;

/** The newest events, oldest first: asked for when a snapshot tells that there are more. */
export function useEvents({ last_event_seq, started_at }: Snapshot): readonly LoggedEvent[] {
  const [events, setEvents] = useState<readonly LoggedEvent[]>([]);
  const known = useRef({ seq: 0, startedAt: '' });
  useEffect(() => {
    const isNew = known.current.startedAt !== started_at;
    const after = isNew ? null : known.current.seq;
    if (after !== null && last_event_seq <= after) return;
    let current = true;
    const query = after === null ? `limit=${MAX_EVENTS}` : `after=${after}&limit=${MAX_EVENTS}`;
    load(`/api/events?${query}`, eventListSchema).then(
      (answer) => {
        if (!current) return;
        known.current = { seq: answer.last_seq, startedAt: started_at };
        setEvents((before) =>
          [...(after === null ? [] : before.filter(({ seq }) => seq <= after)), ...answer.events].slice(
            -MAX_EVENTS,
          ),
        );
      },
      () => {
        // The next snapshot asks again.
      },
    );
    return () => {
      current = false;
    };
  }, [last_event_seq, started_at]);
  return events;
}
