'use client';

import { useState } from 'react';
import { useAnnounce } from '#components/ui/announcer.tsx';

/** Something that the server is asked to do: once at a time, its end announced, what went wrong in words. */
export function useAction(): {
  pending: boolean;
  error: string;
  /** @param carryOut answers what to announce, nothing for nothing */
  run: (carryOut: () => Promise<string | null>) => Promise<void>;
} {
  const announce = useAnnounce();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState('');
  const run = async (carryOut: () => Promise<string | null>) => {
    if (pending) return;
    setPending(true);
    setError('');
    try {
      const done = await carryOut();
      if (done !== null) announce(done);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : 'The server did not answer';
      setError(message);
      announce(message);
    }
    setPending(false);
  };
  return { pending, error, run };
}
