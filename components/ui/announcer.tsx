'use client';

import { X } from 'lucide-react';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';

const SHOWN_MS = 6_000;

const AnnounceContext = createContext<(text: string) => void>(() => {});

/** Tells the result of an act: shown for a while, and read out politely. */
export function useAnnounce(): (text: string) => void {
  return useContext(AnnounceContext);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [told, setTold] = useState<{ text: string; key: number } | null>(null);
  const announce = useCallback((text: string) => setTold({ text, key: Date.now() }), []);
  useEffect(() => {
    if (told === null) return;
    const timer = setTimeout(() => setTold(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <AnnounceContext value={announce}>
      {children}
      <div
        role="status"
        className="pointer-events-none fixed inset-x-0 bottom-4 z-30 flex justify-center px-4 max-lg:bottom-16"
      >
        {told === null ? null : (
          <p className="pointer-events-auto flex items-center gap-3 rounded-md border border-accent bg-card px-4 py-2">
            {told.text}
            <button type="button" aria-label="Dismiss" onClick={() => setTold(null)}>
              <X size={14} aria-hidden />
            </button>
          </p>
        )}
      </div>
    </AnnounceContext>
  );
}
