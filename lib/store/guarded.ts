/** Stores that tell of a fault once and go on: nobody's request or tick fails because a disk is full. */
import type { LoggedEvent } from '#lib/contracts/events.ts';
import type { DocumentStore } from '#lib/store/document-store.ts';
import type { EventFilter, EventStore } from '#lib/store/event-store.ts';
import { FaultOnce } from '#lib/store/fault-once.ts';
import { MemoryEventStore } from '#lib/store/memory-event-store.ts';
import type { MinuteRow, MinuteStore } from '#lib/store/minute-store.ts';

/** Taken over into memory when the disk fails, so that what is shown goes on. */
const CARRIED_EVENTS = 1_000;

/** After a fault, memory has the newest events and takes all that follow. */
export class GuardedEventStore implements EventStore {
  readonly #onFault: (thrown: unknown) => void;
  #store: EventStore;
  #failed = false;
  /** As it was last known, for when the store cannot say it any more. */
  #lastSeq: number;

  constructor(store: EventStore, onFault: (thrown: unknown) => void) {
    this.#store = store;
    this.#onFault = onFault;
    this.#lastSeq = store.lastSeq;
  }

  get lastSeq(): number {
    this.#lastSeq = this.#try((store) => store.lastSeq);
    return this.#lastSeq;
  }

  get oldestSeq(): number {
    return this.#try((store) => store.oldestSeq);
  }

  append(event: LoggedEvent): void {
    this.#try((store) => store.append(event));
    this.#lastSeq = Math.max(this.#lastSeq, event.seq);
  }

  after(seq: number, limit: number, filter?: EventFilter): LoggedEvent[] {
    return this.#try((store) => store.after(seq, limit, filter));
  }

  newest(limit: number, filter?: EventFilter): LoggedEvent[] {
    return this.#try((store) => store.newest(limit, filter));
  }

  between(fromMs: number, toMs: number, limit: number): LoggedEvent[] {
    return this.#try((store) => store.between(fromMs, toMs, limit));
  }

  prune(beforeMs: number): void {
    this.#try((store) => store.prune(beforeMs));
  }

  #try<T>(use: (store: EventStore) => T): T {
    try {
      return use(this.#store);
    } catch (thrown) {
      if (this.#failed) throw thrown;
      this.#failed = true;
      this.#store = inMemory(this.#store, this.#lastSeq);
      // First what was asked for: the report is an event itself, and comes after.
      const result = use(this.#store);
      this.#onFault(thrown);
      return result;
    }
  }
}

function inMemory(failed: EventStore, lastSeq: number): MemoryEventStore {
  const memory = new MemoryEventStore(lastSeq);
  try {
    for (const event of failed.newest(CARRIED_EVENTS)) memory.append(event);
  } catch {
    // Reading fails too: the numbers go on, and the fault itself is reported.
  }
  return memory;
}

type MinuteOperation = 'at' | 'write' | 'read' | 'prune';

/**
 * Rows that could not be written come again with the next ones; a read that fails finds nothing. What fails is told
 * once, and again only after it went well: a full disk can still be read.
 */
export class GuardedMinuteStore implements MinuteStore {
  readonly #store: MinuteStore;
  readonly #onFault: (thrown: unknown) => void;
  readonly #failing = new Set<MinuteOperation>();

  constructor(store: MinuteStore, onFault: (thrown: unknown) => void) {
    this.#store = store;
    this.#onFault = onFault;
  }

  at(minuteS: number): MinuteRow[] {
    return this.#try('at', () => this.#store.at(minuteS), []);
  }

  write(rows: readonly MinuteRow[]): void {
    this.#try('write', () => this.#store.write(rows), undefined);
  }

  read(scope: string, fromS: number, toS: number, limit: number): MinuteRow[] {
    return this.#try('read', () => this.#store.read(scope, fromS, toS, limit), []);
  }

  prune(beforeS: number): void {
    this.#try('prune', () => this.#store.prune(beforeS), undefined);
  }

  #try<T>(operation: MinuteOperation, use: () => T, otherwise: T): T {
    try {
      const result = use();
      this.#failing.delete(operation);
      return result;
    } catch (thrown) {
      const isNews = this.#failing.size === 0;
      this.#failing.add(operation);
      if (isNews) this.#onFault(thrown);
      return otherwise;
    }
  }
}

/**
 * Each document is tried anew, whatever became of the one before; what could not be written is lost at a restart. A
 * fault is told once, until it went well again.
 */
export class GuardedDocumentStore implements DocumentStore {
  readonly #store: DocumentStore;
  readonly #faults: FaultOnce;

  constructor(store: DocumentStore, onFault: (thrown: unknown) => void) {
    this.#store = store;
    this.#faults = new FaultOnce(onFault);
  }

  read(name: string): string | null {
    return this.#faults.try(() => this.#store.read(name), null);
  }

  write(name: string, body: string): void {
    this.#faults.try(() => this.#store.write(name, body), undefined);
  }

  remove(name: string): void {
    this.#faults.try(() => this.#store.remove(name), undefined);
  }

  newest(limit: number): string[] {
    return this.#faults.try(() => this.#store.newest(limit), []);
  }

  keepNewest(count: number): void {
    this.#faults.try(() => this.#store.keepNewest(count), undefined);
  }
}
