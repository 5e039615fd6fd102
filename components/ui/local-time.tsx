'use client';

import { useEffect, useState } from 'react';
import { formatTime } from '#components/ui/format.ts';

/** A time in the reader's own zone; empty until the page runs, since the server does not know the zone. */
export function LocalTime({
  iso,
  nowMs,
  className = '',
}: {
  iso: string;
  nowMs: number;
  className?: string;
}) {
  const mounted = useMounted();
  return (
    <time dateTime={iso} className={className} suppressHydrationWarning>
      {mounted ? formatTime(iso, nowMs) : '\u00a0'}
    </time>
  );
}

/** False on the server and in the first render. */
export function useMounted(): boolean {
  const [mounted, setMounted] = useState(false);
  useEffect(() => setMounted(true), []);
  return mounted;
}
