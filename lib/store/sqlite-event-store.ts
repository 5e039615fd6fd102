import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { type EventFilter, type EventStore, MAX_EVENTS } from '#lib/store/event-store.ts';

const MATCHES = `($component IS NULL OR component = $component)
  AND ($type IS NULL OR type = $type) AND ($prefix IS NULL OR substr(type, 1, length($prefix)) = $prefix)`;

export class SqliteEventStore implements EventStore {
  readonly #insert: StatementSync;
  readonly #after: StatementSync;
  readonly #newest: StatementSync;
  readonly #between: StatementSync;
  readonly #prune: StatementSync;
  readonly #oldest: StatementSync;
  readonly #last: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'INSERT INTO events (seq, at_ms, type, component, event) VALUES (?, ?, ?, ?, ?)',
    );
    this.#after = database.prepare(
      `SELECT event FROM events WHERE seq > $seq AND ${MATCHES} ORDER BY seq LIMIT $limit`,
    );
    this.#newest = database.prepare(
      `SELECT event FROM events WHERE ${MATCHES} ORDER BY seq DESC LIMIT $limit`,
    );
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
    return this.#after.all({ ...parametersOf(filter), seq, limit }).map(eventOf);
  }

  newest(limit: number, filter: EventFilter = {}): LoggedEvent[] {
    return this.#newest
      .all({ ...parametersOf(filter), limit })
      .map(eventOf)
      .reverse();
  }

  between(fromMs: number, toMs: number, limit: number): LoggedEvent[] {
    return this.#between.all(fromMs, toMs, limit).map(eventOf).reverse();
  }

  prune(beforeMs: number): void {
    this.#prune.run({ beforeMs, last: this.lastSeq, kept: MAX_EVENTS });
  }
}

function parametersOf({
  component = null,
  type = null,
}: {
  component?: string | null | undefined;
  type?: string | null | undefined;
}) {
  const isPrefix = type?.endsWith('*') === true;
  return { component, type: isPrefix ? null : type, prefix: isPrefix ? type.slice(0, -1) : null };
}

/** Written by `append`, so it needs no check. */
function eventOf(row: Record<string, unknown>): LoggedEvent {
  return JSON.parse(String(row.event)) as LoggedEvent;
}
