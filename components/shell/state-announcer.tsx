'use client';

import { useEffect, useRef, useState } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { changesBetween } from '#components/shell/changes.ts';

/** Reads out when a component changes its state, and when the data stop or come back; never the ticks. */
export function StateAnnouncer() {
  const { snapshot, status } = useLive();
  const before = useRef({ components: snapshot.components, stale: false });
  const [text, setText] = useState('');
  useEffect(() => {
    const stale = status === 'stale';
    const isPart = snapshot.totals.components > snapshot.components.length;
    const changes = changesBetween(before.current.components, snapshot.components, isPart);
    if (stale !== before.current.stale) changes.push(stale ? 'The data are stale' : 'Live again');
    before.current = { components: snapshot.components, stale };
    if (changes.length > 0) setText(`${changes.join('. ')}.`);
  }, [snapshot, status]);
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  );
}
