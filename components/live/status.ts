import type { LiveStatus } from '#components/live/live-context.ts';
import { formatDuration } from '#components/ui/format.ts';

/** Three snapshots missed. */
export const STALE_MS = 3_000;

export function statusOf(given: {
  paused: boolean;
  /** A snapshot has come since the page was loaded. */
  connected: boolean;
  outdated: boolean;
  ageMs: number;
}): LiveStatus {
  if (given.outdated) return 'outdated';
  if (given.paused) return 'paused';
  if (given.ageMs > STALE_MS) return 'stale';
  return given.connected ? 'live' : 'connecting';
}

/** What the top bar says of how fresh the page is. */
export function statusText(status: LiveStatus, ageMs: number): string {
  switch (status) {
    case 'connecting':
      return 'Connecting…';
    case 'live':
      return `Live · updated ${formatDuration(Math.max(ageMs, 1_000))} ago`;
    case 'stale':
      return `Stale · last data ${formatDuration(ageMs)} ago`;
    case 'paused':
      return 'Paused';
    case 'outdated':
      return 'Outdated · reload';
    default:
      return status satisfies never;
  }
}
