'use client';

import { createContext, useContext } from 'react';
import type { Buckets } from '#components/live/row-rings.ts';
import type { EventsState } from '#components/live/use-events.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import type { Snapshot } from '#lib/contracts/snapshot.ts';

/** `outdated`: the server speaks a newer language than this page, which has to be loaded anew. */
export type LiveStatus = 'connecting' | 'live' | 'stale' | 'paused' | 'outdated';

export interface Live {
  /** What is shown: the newest, or that of the moment of the pause. */
  readonly snapshot: Snapshot;
  readonly status: LiveStatus;
  /** The server's clock as it is shown, epoch milliseconds; stands still in a pause. */
  readonly nowMs: number;
  /** Milliseconds since the last snapshot came. */
  readonly ageMs: number;
  /** The finished buckets as far as they are shown. */
  readonly rows: Buckets;
  /** Oldest first; as far as they are shown. */
  readonly events: readonly LoggedEvent[];
  readonly eventsState: EventsState;
  /** Events that came during the pause. */
  readonly heldBack: number;
  togglePause(): void;
  /** Has the stream show this component too; null, none beside the worst. */
  lookAt(component: string | null): void;
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error('useLive needs a LiveProvider around it');
  return live;
}
