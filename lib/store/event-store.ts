/** Where the event log is kept. */
import type { LoggedEvent } from '#lib/contracts/events.ts';

export interface EventFilter {
  readonly component?: string | undefined;
  /** A type, or the beginning of one that ends in `*`. */
  readonly type?: string | undefined;
  /** Only what a person or a script did. */
  readonly acts?: boolean | undefined;
}

export interface EventStore {
  /** Of the newest event, 0 when there is none; goes on across restarts. */
  readonly lastSeq: number;
  /** Of the oldest event that is still kept, 0 when there is none. */
  readonly oldestSeq: number;
  append(event: LoggedEvent): void;
  /** Events with a higher `seq`, oldest first. */
  after(seq: number, limit: number, filter?: EventFilter): LoggedEvent[];
  /** The newest ones, oldest of them first. */
  newest(limit: number, filter?: EventFilter): LoggedEvent[];
  /** The newest of those from `fromMs` until before `toMs`, epoch milliseconds, oldest first. */
  between(fromMs: number, toMs: number, limit: number): LoggedEvent[];
  /** Forgets events from before, and the oldest beyond `MAX_EVENTS`; never the newest, which the next one follows. */
  prune(beforeMs: number): void;
}

export const MAX_EVENTS = 50_000;

export function matches(event: LoggedEvent, { component, type, acts }: EventFilter): boolean {
  if (acts === true && event.by === undefined) return false;
  if (component !== undefined && event.component !== component) return false;
  if (type === undefined) return true;
  return type.endsWith('*') ? event.type.startsWith(type.slice(0, -1)) : event.type === type;
}
