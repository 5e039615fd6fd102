'use client';

import { useSearchParams } from 'next/navigation';
import { useCallback } from 'react';

/** A value that lives in the address, so that it survives a reload and can be sent to somebody. */
export function useUrlState(name: string): [string | null, (value: string | null) => void] {
  const search = useSearchParams();
  const set = useCallback(
    (value: string | null) => {
      // Not those of the last render: two changes at once must both stay.
      const next = new URLSearchParams(window.location.search);
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
      const query = next.toString();
      // Next follows, and asks the server for nothing.
      window.history.replaceState(null, '', query === '' ? window.location.pathname : `?${query}`);
    },
    [name],
  );
  return [search.get(name), set];
}
