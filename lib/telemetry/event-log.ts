/** What happened: breaker transitions, operators' acts, faults, reloads. Kept in the store, told to those who listen. */
import type { EventList, EventQuery, LoggedEvent } from '#lib/contracts/events.ts';
import type { EventFilter, EventStore } from '#lib/store/event-store.ts';

const KEPT_MS = 7 * 86_400_000;
/** Appends between two looks for what is too old. */
const PRUNE_EVERY = 500;

export type EventListener = (event: LoggedEvent) => void;

export class EventLog {
  readonly #now: () => number;
  readonly #store: EventStore;
  readonly #listeners = new Set<EventListener>();
  #appended = 0;

  constructor(now: () => number, store: EventStore) {
    this.#now = now;
    this.#store = store;
    store.prune(now() - KEPT_MS);
  }

  get lastSeq(): number {
    return this.#store.lastSeq;
  }

  append(event: Omit<LoggedEvent, 'seq' | 'at'>): LoggedEvent {
    const logged = { seq: this.#store.lastSeq + 1, at: new Date(this.#now()).toISOString(), ...event };
    this.#store.append(logged);
    this.#appended += 1;
    if (this.#appended % PRUNE_EVERY === 0) this.#store.prune(this.#now() - KEPT_MS);
    for (const listener of this.#listeners) this.#tell(listener, logged);
    return logged;
  }

  query({ after, limit, ...filter }: EventQuery): EventList {
    const events =
      after === undefined ? this.#store.newest(limit, filter) : this.#store.after(after, limit, filter);
    return { events, last_seq: this.#store.lastSeq, oldest_seq: this.#store.oldestSeq };
  }

  after(seq: number, limit: number, filter: EventFilter = {}): LoggedEvent[] {
    return this.#store.after(seq, limit, filter);
  }

  /** The newest of a stretch of time, in order; epoch milliseconds. */
  between(fromMs: number, toMs: number, limit: number): LoggedEvent[] {
    return this.#store.between(fromMs, toMs, limit);
  }

  get oldestSeq(): number {
    return this.#store.oldestSeq;
  }

  /** @returns ends it */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was appended has happened, whatever a listener makes of it. */
  #tell(listener: EventListener, event: LoggedEvent): void {
    try {
      listener(event);
    } catch (error) {
      process.emitWarning(`a listener to the event log threw: ${error}`);
    }
  }
}
