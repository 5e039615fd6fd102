import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { type EventFilter, type EventStore, MAX_EVENTS } from '#lib/store/event-store.ts';

const MATCHES = `($type IS NULL OR type = $type)
  AND ($prefix IS NULL OR substr(type, 1, length($prefix)) = $prefix)
  AND ($acts = 0 OR json_extract(event, '$.by') IS NOT NULL)`;
/** Of one component. Apart from the others, so that SQLite takes its index. */
const OF_COMPONENT = `component = $component AND ${MATCHES}`;

export class SqliteEventStore implements EventStore {
  readonly #insert: StatementSync;
  readonly #after: Finder;
  readonly #newest: Finder;
  readonly #between: StatementSync;
  readonly #prune: StatementSync;
  readonly #oldest: StatementSync;
  readonly #last: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'INSERT INTO events (seq, at_ms, type, component, event) VALUES (?, ?, ?, ?, ?)',
    );
    this.#after = finder(database, (matches) => `seq > $seq AND ${matches} ORDER BY seq LIMIT $limit`);
    this.#newest = finder(database, (matches) => `${matches} ORDER BY seq DESC LIMIT $limit`);
    this.#between = database.prepare(
      'SELECT event FROM events WHERE at_ms >= ? AND at_ms < ? ORDER BY seq DESC LIMIT ?',
    );
    this.#prune = database.prepare(
      'DELETE FROM events WHERE (at_ms < $beforeMs OR seq <= $last - $kept) AND seq < $last',
    );
    this.#oldest = database.prepare('SELECT min(seq) AS seq FROM events');
    this.#last = database.prepare('SELECT max(seq) AS seq FROM events');
  }

  /** Asked for each time: a predecessor that still drains may have gone on. */
  get lastSeq(): number {
    return Number(this.#last.get()?.seq ?? 0);
  }

  get oldestSeq(): number {
    return Number(this.#oldest.get()?.seq ?? 0);
  }

  append(event: LoggedEvent): void {
    const { seq, at, type, component = null } = event;
    this.#insert.run(seq, Date.parse(at), type, component, JSON.stringify(event));
  }

  after(seq: number, limit: number, filter: EventFilter = {}): LoggedEvent[] {
    return this.#after(filter, { seq, limit });
  }

  newest(limit: number, filter: EventFilter = {}): LoggedEvent[] {
    return this.#newest(filter, { limit }).reverse();
  }

  between(fromMs: number, toMs: number, limit: number): LoggedEvent[] {
    return this.#between.all(fromMs, toMs, limit).map(eventOf).reverse();
  }

  prune(beforeMs: number): void {
    this.#prune.run({ beforeMs, last: this.lastSeq, kept: MAX_EVENTS });
  }
}

type Finder = (filter: EventFilter, more: Record<string, number>) => LoggedEvent[];

function finder(database: DatabaseSync, condition: (matches: string) => string): Finder {
  const ofAll = database.prepare(`SELECT event FROM events WHERE ${condition(MATCHES)}`);
  const ofOne = database.prepare(`SELECT event FROM events WHERE ${condition(OF_COMPONENT)}`);
  return ({ component, type = null, acts = false }, more) => {
    const isPrefix = type?.endsWith('*') === true;
    const types = {
      type: isPrefix ? null : type,
      prefix: isPrefix ? type.slice(0, -1) : null,
      acts: acts ? 1 : 0,
    };
    const rows =
      component === undefined
        ? ofAll.all({ ...types, ...more })
        : ofOne.all({ ...types, ...more, component });
    return rows.map(eventOf);
  };
}

/** Written by `append`, so it needs no check. */
function eventOf(row: Record<string, unknown>): LoggedEvent {
  return JSON.parse(String(row.event)) as LoggedEvent;
}
