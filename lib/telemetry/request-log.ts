/**
 * The last requests, for looking at single ones. Bounded in memory and in work: of the requests of one second only the
 * first are kept, and those that were not served have a share and a ring of their own, lest a flood of good ones
 * washes them away.
 */
import type { RequestList, RequestQuery, RequestRecord } from '#lib/contracts/requests.ts';
import { servedKinds } from '#lib/contracts/requests.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { recordOf } from '#lib/telemetry/request-record.ts';
import type { RequestTrace } from '#lib/telemetry/request-trace.ts';

/** Records kept of served requests, and as many again of others. */
export const MAX_RECORDS = 1_000;
/** Kept of one second, of either sort. */
export const MAX_PER_SECOND = 100;

const SERVED: ReadonlySet<string> = new Set(servedKinds);

interface Shelf {
  readonly records: RequestRecord[];
  next: number;
  keptThisSecond: number;
}

export class RequestLog {
  readonly #served: Shelf = newShelf();
  readonly #troubled: Shelf = newShelf();
  #second = 0;
  #seq = 0;
  #seen = 0;
  #leftOut = 0;

  get lastSeq(): number {
    return this.#seq;
  }

  get seen(): number {
    return this.#seen;
  }

  /** @param nowMs any clock, to tell seconds apart */
  add(trace: RequestTrace, nowMs: number): void {
    this.#seen += 1;
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#served.keptThisSecond = 0;
      this.#troubled.keptThisSecond = 0;
    }
    const shelf = SERVED.has(trace.how) ? this.#served : this.#troubled;
    if (shelf.keptThisSecond >= MAX_PER_SECOND) {
      this.#leftOut += 1;
      return;
    }
    shelf.keptThisSecond += 1;
    this.#seq += 1;
    shelf.records[shelf.next] = recordOf(trace, this.#seq);
    shelf.next = (shelf.next + 1) % MAX_RECORDS;
  }

  query(query: RequestQuery): RequestList {
    const requests = [...this.#served.records, ...this.#troubled.records]
      .filter((record) => matches(record, query))
      .sort((a, b) => b.seq - a.seq)
      .slice(0, query.limit);
    return { requests, last_seq: this.#seq, seen: this.#seen, left_out: this.#leftOut };
  }

  /** The newest request of that id. @throws SwitchgearError `not_found` */
  require(id: string): RequestRecord {
    const found = [...this.#served.records, ...this.#troubled.records]
      .filter((record) => record.id === id)
      .sort((a, b) => b.seq - a.seq)[0];
    if (found !== undefined) return found;
    const shown = JSON.stringify(id.slice(0, 128));
    throw new SwitchgearError('not_found', `Request ${shown} is not kept, or no longer`, { field: 'id' });
  }
}

function newShelf(): Shelf {
  return { records: [], next: 0, keptThisSecond: 0 };
}

function matches(record: RequestRecord, query: RequestQuery): boolean {
  const { after, upstream, component, operation, model, how, trouble, min_ms, id } = query;
  return (
    (after === undefined || record.seq > after) &&
    (upstream === undefined || record.upstream === upstream) &&
    (component === undefined || record.component === component) &&
    (operation === undefined || record.operation === operation) &&
    (model === undefined || record.model === model) &&
    (how === undefined || record.how === how) &&
    (trouble !== 'true' || !SERVED.has(record.how)) &&
    (min_ms === undefined || record.total_ms >= min_ms) &&
    (id === undefined || record.id.includes(id))
  );
}
