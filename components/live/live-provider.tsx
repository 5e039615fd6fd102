'use client';

import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import useSWRSubscription from 'swr/subscription';
import { type Live, LiveContext } from '#components/live/live-context.ts';
import { Merge } from '#components/live/merge.ts';
import { connect } from '#components/live/reconnecting-source.ts';
import { RowRings } from '#components/live/row-rings.ts';
import { STALE_MS, statusOf } from '#components/live/status.ts';
import { useEvents } from '#components/live/use-events.ts';
import { useVisible } from '#components/live/use-visible.ts';
import { send } from '#components/ui/api.ts';
import { type Snapshot, snapshotSchema } from '#lib/contracts/snapshot.ts';

/** Without snapshots the clock goes on by itself. */
const TICK_MS = 1_000;

interface Received {
  snapshot: Snapshot;
  /** On the page's monotonic clock. */
  atMs: number;
}

type Pause = Pick<Live, 'snapshot' | 'nowMs' | 'rows' | 'events'>;

/** One stream for the whole console. What is below it shows the newest snapshot, or that of the moment of a pause. */
export function LiveProvider({ initial, children }: { initial: Snapshot; children: ReactNode }) {
  const rows = useState(() => new RowRings())[0];
  const visible = useVisible();
  const [looked, lookAt] = useState<string | null>(null);
  const query = looked === null ? '' : `?components=${encodeURIComponent(looked)}`;
  const { data, error } = useSWRSubscription<Received, Error, string | null>(
    visible ? `/api/stream${query}` : null,
    (url, { next }) => {
      const merge = new Merge();
      return connect(url ?? '', {
        onData: (text) => {
          const { data: came, error: unlike } = snapshotSchema.safeParse(JSON.parse(text));
          if (came === undefined) return next(unlike);
          const snapshot = merge.take(came);
          if (snapshot === 'missing') return false;
          if (snapshot === null) return;
          rows.take(snapshot);
          const atMs = performance.now();
          // Reading one and drawing it are long enough to be a task each.
          setTimeout(() => next(null, { snapshot, atMs }));
        },
        onLost: () => {
          merge.forget();
          void checkSession();
        },
      });
    },
  );
  // Without a stream there are no data, but the last ones are still the last ones.
  const last = useRef<Received | null>(null);
  if (data !== undefined) last.current = data;
  const received = last.current;
  const newest = received?.snapshot ?? initial;
  const ageMs = useAge(received?.atMs ?? null);
  const liveNowMs = Date.parse(newest.at) + ageMs;
  const { events, eventsState } = useEvents(newest);
  const [pause, setPause] = useState<Pause | null>(null);
  const current = useRef<Pause | null>(null);
  current.current = { snapshot: newest, nowMs: liveNowMs, rows, events };
  const togglePause = useCallback(
    () =>
      setPause((before) =>
        before === null ? current.current && { ...current.current, rows: rows.frozen() } : null,
      ),
    [rows],
  );
  const outdated = error !== undefined;
  const connected = received !== null;
  const live = useMemo((): Live => {
    const shown = pause ?? { snapshot: newest, nowMs: liveNowMs, rows, events };
    return {
      ...shown,
      status: statusOf({ paused: pause !== null, connected, outdated, ageMs }),
      ageMs,
      eventsState,
      heldBack: newest.last_event_seq - shown.snapshot.last_event_seq,
      togglePause,
      lookAt,
    };
  }, [pause, newest, events, eventsState, connected, outdated, ageMs, liveNowMs, rows, togglePause]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

/** A stream does not say why it was refused; a question does, and leads to the login when the session has ended. */
async function checkSession(): Promise<void> {
  try {
    await send('GET', '/api/upstreams');
  } catch {
    // The stream itself tries again, and what is shown says that it is stale.
  }
}

/**
 * Milliseconds since the last snapshot, or since the page came when there was none. Moves with the snapshots, so that a
 * second is one rendering; by itself only when they stay away.
 */
function useAge(receivedAtMs: number | null): number {
  const [begunMs, setBegunMs] = useState<number | null>(null);
  const [, setTicks] = useState(0);
  useEffect(() => setBegunMs(performance.now()), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each snapshot puts the tick off
  useEffect(() => {
    const timer = setInterval(() => setTicks((ticks) => ticks + 1), TICK_MS + 200);
    return () => clearInterval(timer);
  }, [receivedAtMs]);
  const fromMs = receivedAtMs ?? begunMs;
  if (fromMs === null) return 0;
  const ageMs = Math.max(0, performance.now() - fromMs);
  return ageMs < STALE_MS ? Math.floor(ageMs / TICK_MS) * TICK_MS : ageMs;
}
