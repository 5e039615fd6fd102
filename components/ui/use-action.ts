'use client';

import { useState } from 'react';
import { useAnnounce } from '#components/ui/announcer.tsx';

export interface Action {
  pending: boolean;
  /** What went wrong, in words; shown as an alert, which tells screen readers too. */
  error: string;
  /**
   * @param carryOut answers what to announce, nothing for nothing
   * @returns whether it was done; false too when it was under way already
   */
  run: (carryOut: () => Promise<string | null>) => Promise<boolean>;
}

/** Something that the server is asked to do: once at a time, its end announced, what went wrong in words. */
export function useAction(): Action {
  const announce = useAnnounce();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState('');
  const run = async (carryOut: () => Promise<string | null>) => {
    if (pending) return false;
    setPending(true);
    setError('');
    try {
      const done = await carryOut();
      if (done !== null) announce(done);
      return true;
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : 'The server did not answer');
      return false;
    } finally {
      setPending(false);
    }
  };
  return { pending, error, run };
}
