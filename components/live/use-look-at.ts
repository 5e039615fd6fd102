'use client';

import { useEffect } from 'react';
import { useLive } from '#components/live/live-context.ts';

/** While the page is there, the stream shows this component, however many there are. */
export function useLookAt(component: string): void {
  const { lookAt, snapshot } = useLive();
  const isShown = snapshot.totals.components === snapshot.components.length;
  useEffect(() => {
    if (isShown) return;
    lookAt(component);
    return () => lookAt(null);
  }, [component, isShown, lookAt]);
}
