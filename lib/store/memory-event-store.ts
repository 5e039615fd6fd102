/** Events in memory, for tests and for when the database cannot be used. */
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { type EventFilter, type EventStore, MAX_EVENTS, matches } from '#lib/store/event-store.ts';

export class MemoryEventStore implements EventStore {
  readonly #events: LoggedEvent[] = [];
  #lastSeq: number;

  /** @param lastSeq of the events that were kept elsewhere before */
  constructor(lastSeq = 0) {
    this.#lastSeq = lastSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get oldestSeq(): number {
    return this.#events[0]?.seq ?? 0;
  }

  append(event: LoggedEvent): void {
    this.#events.push(event);
    this.#lastSeq = event.seq;
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
  }

  after(seq: number, limit: number, filter: EventFilter = {}): LoggedEvent[] {
    // From the end: that is where those who follow the log read. Numbers need not follow each other: when the clock was
    // set, `prune` takes events out of the middle.
    const start = this.#events.findLastIndex((event) => event.seq <= seq) + 1;
    const found: LoggedEvent[] = [];
    for (let i = start; i < this.#events.length && found.length < limit; i++) {
      const event = this.#events[i];
      if (event !== undefined && matches(event, filter)) found.push(event);
    }
    return found;
  }

  newest(limit: number, filter: EventFilter = {}): LoggedEvent[] {
    return lastOf(
      this.#events.filter((event) => matches(event, filter)),
      limit,
    );
  }

  between(fromMs: number, toMs: number, limit: number): LoggedEvent[] {
    const within = ({ at }: LoggedEvent) => Date.parse(at) >= fromMs && Date.parse(at) < toMs;
    return lastOf(this.#events.filter(within), limit);
  }

  prune(beforeMs: number): void {
    const kept = this.#events.filter(({ seq, at }) => seq === this.#lastSeq || Date.parse(at) >= beforeMs);
    this.#events.splice(0, this.#events.length, ...kept);
  }
}

function lastOf(events: LoggedEvent[], limit: number): LoggedEvent[] {
  return events.slice(Math.max(0, events.length - limit));
}
