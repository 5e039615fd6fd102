'use client';

import { CloudOff } from 'lucide-react';
import { useLive } from '#components/live/live-context.ts';
import { formatDuration } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';

/** What is shown is old: since when, and that nothing has to be done. Lies over the page, so that nothing moves. */
export function StaleBanner() {
  const { status, snapshot, ageMs, nowMs } = useLive();
  if (status !== 'stale') return null;
  return (
    <div className="pointer-events-none fixed inset-x-0 top-16 z-20 flex justify-center px-3 max-lg:top-auto max-lg:bottom-18">
      <p className="flex items-center gap-2.5 rounded-md border border-open bg-card px-4 py-2">
        <CloudOff size={15} aria-hidden className="shrink-0 text-open" />
        <span>
          No data for {formatDuration(ageMs)}. What is shown is of{' '}
          <LocalTime iso={snapshot.at} nowMs={nowMs} />; the page connects again by itself.
        </span>
      </p>
    </div>
  );
}
