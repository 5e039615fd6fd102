/** Events as marks on a time chart: only those that explain a curve, and no more labels than can be read. */
import { describeEvent, type EventTone } from '#components/events/describe.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';

export interface Mark {
  readonly atMs: number;
  readonly label: string;
  /** Events beside the named one that fall together with it. */
  readonly more: number;
  readonly tone: EventTone;
  /** In the second half of the range, so that its label stands at its left. */
  readonly late: boolean;
  /** Which row of labels it stands in, from the top; null when there is no room for its label. */
  readonly line: number | null;
}

type Unplaced = Omit<Mark, 'line' | 'late'>;

/** Closer than this share of the range, marks become one. */
const MIN_DISTANCE = 0.06;
export const MAX_LABEL_LINES = 3;
/** Of a label's width, as a share of the plot's: a letter, and the most that is shown of a long one. */
const LETTER_SHARE = 0.026;
const MAX_LABEL_SHARE = 0.7;

const MARKED =
  /^(breaker_(?!open_elapsed$|probe_failed$)|fault_|drill_|workload_|operator_settings|operator_purge|operator_cache_size|redis_|allocation_(promoted|demoted)|operator_allocation|config_reloaded|lab_crashed|started)/;

/** Oldest first. Marks that would stand on one another become one: the worst, and how many more there are. */
export function marksOf(events: readonly LoggedEvent[], fromMs: number, toMs: number): Mark[] {
  const minMs = (toMs - fromMs) * MIN_DISTANCE;
  const marks: Unplaced[] = [];
  for (const event of events) {
    const atMs = Date.parse(event.at);
    if (!MARKED.test(event.type) || atMs < fromMs || atMs > toMs) continue;
    const { title, tone } = describeEvent(event);
    const last = marks.at(-1);
    if (last !== undefined && atMs - last.atMs < minMs) {
      const worst = RANK[tone] > RANK[last.tone] ? { label: title, tone } : last;
      marks[marks.length - 1] = { ...worst, atMs: last.atMs, more: last.more + 1 };
    } else marks.push({ atMs, tone, label: title, more: 0 });
  }
  return placed(marks, fromMs, toMs);
}

/** Labels stand beside their lines, towards the middle, and never upon one another: the newest get room first. */
function placed(marks: readonly Unplaced[], fromMs: number, toMs: number): Mark[] {
  const taken: [start: number, end: number][][] = Array.from({ length: MAX_LABEL_LINES }, () => []);
  return marks
    .toReversed()
    .map((mark) => {
      const { atMs, label, more } = mark;
      const x = (atMs - fromMs) / (toMs - fromMs);
      const width = Math.min(MAX_LABEL_SHARE, (label.length + (more > 0 ? 3 : 0)) * LETTER_SHARE);
      const late = x > 0.5;
      const [start, end] = late ? [x - width, x] : [x, x + width];
      const line = taken.findIndex((spans) => spans.every(([from, to]) => end <= from || start >= to));
      taken[line]?.push([start, end]);
      return { ...mark, late, line: line === -1 ? null : line };
    })
    .reverse();
}

const RANK: Record<EventTone, number> = { plain: 0, good: 1, held: 2, warning: 3, bad: 4 };
