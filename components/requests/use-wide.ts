'use client';

import { useSyncExternalStore } from 'react';

/** Where the list has room for all columns. */
const WIDE = '(min-width: 1024px)';

export function useWide(): boolean {
  return useSyncExternalStore(
    (onChange) => {
      const query = matchMedia(WIDE);
      query.addEventListener('change', onChange);
      return () => query.removeEventListener('change', onChange);
    },
    () => matchMedia(WIDE).matches,
    () => true,
  );
}
