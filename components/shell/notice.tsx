'use client';

import { Info, X } from 'lucide-react';
import Link from 'next/link';
import { useEffect, useState } from 'react';
import { useLive } from '#components/live/live-context.ts';

const KEY = 'dismissed-notice';

/** How this server runs, when the operator should know; once put away it stays so until the browser is closed. */
export function Notice() {
  const { notice, tour } = useLive().snapshot;
  const [dismissed, setDismissed] = useState<string | null>(null);
  useEffect(() => setDismissed(sessionStorage.getItem(KEY)), []);
  if (notice === null || notice === dismissed) return null;
  const dismiss = () => {
    sessionStorage.setItem(KEY, notice);
    setDismissed(notice);
  };
  return (
    <p className="flex items-center gap-2.5 rounded-card border bg-card px-4 py-1.5 text-muted">
      <Info size={14} aria-hidden className="shrink-0 text-half-open" />
      <span className="min-w-0 flex-1">
        {notice}.
        {tour === null ? null : (
          <Link href="/lab/tour" className="ml-1 text-accent underline underline-offset-2">
            Open the guided demo
          </Link>
        )}
      </span>
      <button
        type="button"
        onClick={dismiss}
        aria-label="Dismiss this notice"
        className="rounded p-1 hover:bg-raised"
      >
        <X size={14} aria-hidden />
      </button>
    </p>
  );
}
