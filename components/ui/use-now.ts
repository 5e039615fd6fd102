'use client';

import { useSyncExternalStore } from 'react';

const TICK_MS = 1_000;

let nowMs: number | null = null;

function subscribe(onTick: () => void): () => void {
  const tick = () => {
    nowMs = Date.now();
    onTick();
  };
  tick();
  const timer = setInterval(tick, TICK_MS);
  return () => clearInterval(timer);
}

/** Epoch milliseconds, once a second; null on the server and in the first render, so that both agree. */
export function useNow(): number | null {
  return useSyncExternalStore(
    subscribe,
    () => nowMs,
    () => null,
  );
}
