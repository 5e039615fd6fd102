/**
 * Follows the event log for one listener, from a number on, without losing or repeating any: first what the store has,
 * page by page, then what is appended.
 */
import type { LoggedEvent } from '#lib/contracts/events.ts';
import type { EventStream } from '#lib/http/event-stream.ts';
import type { EventFilter } from '#lib/store/event-store.ts';

export interface EventFeed {
  readonly lastSeq: number;
  readonly oldestSeq: number;
  after(seq: number, limit: number, filter?: EventFilter): LoggedEvent[];
  subscribe(listener: () => void): () => void;
}

/** What a slow listener may have unread, beside what was on its way: the rest waits in the store. */
const PAGE = 100;

export class EventTail {
  readonly #feed: EventFeed;
  readonly #filter: EventFilter;
  readonly #stream: EventStream;
  readonly #unsubscribe: () => void;
  /** All up to here were sent, or are not wanted. */
  #seen: number;
  #state: 'following' | 'waiting' | 'closed' = 'following';

  /** @param after the last event that the listener has; null for those from now on */
  constructor(feed: EventFeed, filter: EventFilter, stream: EventStream, after: number | null) {
    this.#feed = feed;
    this.#filter = filter;
    this.#stream = stream;
    const { lastSeq, oldestSeq } = feed;
    // A number from beyond the newest belongs to a log that is gone: of this one the listener has nothing.
    const isOfAnotherLog = after !== null && after > lastSeq;
    const isGap = after !== null && (isOfAnotherLog || after + 1 < (oldestSeq || lastSeq + 1));
    this.#seen = isOfAnotherLog ? 0 : (after ?? lastSeq);
    if (isGap) stream.write(`event: gap\ndata: ${JSON.stringify({ after, oldest_seq: oldestSeq })}\n\n`);
    this.#pump();
    this.#unsubscribe = feed.subscribe(() => this.#pump());
  }

  close(): void {
    this.#state = 'closed';
    this.#unsubscribe();
  }

  #pump(): void {
    while (this.#state === 'following') {
      if (!this.#stream.isReady) {
        this.#state = 'waiting';
        this.#stream.onceReady(() => this.#resume());
        return;
      }
      const { lastSeq } = this.#feed;
      const events = this.#feed.after(this.#seen, PAGE, this.#filter);
      if (events.length > 0) this.#stream.write(events.map(frameOf).join(''));
      this.#seen = events.length === PAGE ? (events.at(-1)?.seq ?? lastSeq) : lastSeq;
      if (events.length < PAGE) return;
    }
  }

  #resume(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'following';
    this.#pump();
  }
}

function frameOf(event: LoggedEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}
