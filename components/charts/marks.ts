/** Events as marks on a time chart: only those that explain a curve, and no more labels than can be read. */
import { describeEvent, type EventTone } from '#components/events/describe.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';

export interface Mark {
  readonly atMs: number;
  readonly label: string;
  readonly tone: EventTone;
}

/** Closer than this share of the range, marks become one. */
const MIN_DISTANCE = 0.05;
export const MAX_LABELS = 4;

const MARKED =
  /^(breaker_(?!open_elapsed$)|fault_|workload_|operator_settings|config_reloaded|lab_crashed|started)/;

/** Oldest first. Marks that would stand on one another become one that says how many there are. */
export function marksOf(events: readonly LoggedEvent[], fromMs: number, toMs: number): Mark[] {
  const minMs = (toMs - fromMs) * MIN_DISTANCE;
  const marks: (Mark & { count: number })[] = [];
  for (const event of events) {
    const atMs = Date.parse(event.at);
    if (!MARKED.test(event.type) || atMs < fromMs || atMs > toMs) continue;
    const { title, tone } = describeEvent(event);
    const last = marks.at(-1);
    if (last !== undefined && atMs - last.atMs < minMs) {
      const worse = RANK[tone] > RANK[last.tone];
      marks[marks.length - 1] = {
        atMs: last.atMs,
        count: last.count + 1,
        tone: worse ? tone : last.tone,
        label: `${last.count + 1} events`,
      };
    } else marks.push({ atMs, count: 1, tone, label: title });
  }
  return marks.map(({ atMs, label, tone }) => ({ atMs, label, tone }));
}

const RANK: Record<EventTone, number> = { plain: 0, good: 1, held: 2, warning: 3, bad: 4 };
