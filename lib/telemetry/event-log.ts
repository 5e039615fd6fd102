/** What happened, newest last: breaker transitions, operator actions, faults, reloads. Bounded, in memory. */

export interface LoggedEvent {
  seq: number;
  /** ISO 8601, UTC. */
  at: string;
  type: string;
  component?: string | undefined;
  /** Who caused it, when a person or a script did. */
  by?: string;
  detail: unknown;
}

const MAX_EVENTS = 1_000;

export class EventLog {
  readonly #now: () => number;
  readonly #onEvent: (event: LoggedEvent) => void;
  readonly #events: LoggedEvent[] = [];
  #seq = 0;

  constructor(now: () => number, onEvent: (event: LoggedEvent) => void) {
    this.#now = now;
    this.#onEvent = onEvent;
  }

  append(event: Omit<LoggedEvent, 'seq' | 'at'>): LoggedEvent {
    this.#seq += 1;
    const logged = { seq: this.#seq, at: new Date(this.#now()).toISOString(), ...event };
    this.#events.push(logged);
    if (this.#events.length > MAX_EVENTS) this.#events.shift();
    this.#onEvent(logged);
    return logged;
  }

  /** Events after `seq`, oldest first. */
  after(seq: number, limit: number = MAX_EVENTS): LoggedEvent[] {
    return this.#events.filter((event) => event.seq > seq).slice(0, limit);
  }
}
