/** A lasting outage probes again and again, and each failed probe is two events: all of them make one line. */
import type { LoggedEvent } from '#lib/contracts/events.ts';

export interface Told {
  readonly event: LoggedEvent;
  /** How many rounds of failed probes it stands for; 1 for any other event. */
  readonly times: number;
}

const ROUND = new Set(['breaker_open_elapsed', 'breaker_probe_failed']);

/** Oldest first, as given. Of the rounds of one outage the newest event stays, with the number of those that failed. */
export function foldProbes(events: readonly LoggedEvent[]): Told[] {
  const told: (Told | null)[] = [];
  /** By component: where the line of its running rounds is. */
  const running = new Map<string, number>();
  for (const event of events) {
    const { component, type } = event;
    if (component === undefined || !type.startsWith('breaker_')) {
      told.push({ event, times: 1 });
      continue;
    }
    if (!ROUND.has(type)) {
      running.delete(component);
      told.push({ event, times: 1 });
      continue;
    }
    const at = running.get(component);
    const before = at === undefined ? null : (told[at] ?? null);
    if (at !== undefined) told[at] = null;
    const failedBefore =
      before === null ? 0 : before.times - (before.event.type === 'breaker_open_elapsed' ? 1 : 0);
    running.set(component, told.length);
    told.push({ event, times: failedBefore + 1 });
  }
  return told.filter((each) => each !== null);
}
