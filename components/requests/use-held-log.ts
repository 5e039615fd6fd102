import { type FocusEvent, useState } from 'react';
import type { RequestLogState } from '#components/requests/use-request-log.ts';

/**
 * A list that stands still while somebody points at it or is in it by keyboard, so that a row stays what it was.
 * @param query another one begins anew
 */
export function useHeldLog(newest: RequestLogState, query: string) {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const [held, setHeld] = useState<{ query: string; log: RequestLogState } | null>(null);
  const release = () => {
    setPointed(false);
    setFocused(false);
    setHeld(null);
  };
  // Set while rendering, so that not even one frame shows what came meanwhile.
  if (held !== null && held.query !== query) release();
  else if ((pointed || focused) && held === null && newest.state === 'ready' && newest.records.length > 0)
    setHeld({ query, log: newest });
  else if (!pointed && !focused && held !== null) setHeld(null);
  const log = held?.log ?? newest;
  const lastShown = log.state === 'ready' ? (log.records[0]?.seq ?? 0) : 0;
  const newer = newest.state === 'ready' ? newest.records.filter(({ seq }) => seq > lastShown).length : 0;
  return {
    log,
    newer,
    release,
    /** Of the element around the list. */
    holding: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: () => setFocused(true),
      onBlur: (event: FocusEvent) => setFocused(event.currentTarget.contains(event.relatedTarget)),
    },
  };
}
