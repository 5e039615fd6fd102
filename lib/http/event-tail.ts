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

const PAGE = 100;
/** A listener with more than this unread is let go; it comes back and goes on where it was. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

export class EventTail {
  readonly #feed: EventFeed;
  readonly #filter: EventFilter;
  readonly #stream: EventStream;
  readonly #unsubscribe: () => void;
  #sent: number;
  #closed = false;

  /** @param after the last event that the listener has; null for those from now on */
  constructor(feed: EventFeed, filter: EventFilter, stream: EventStream, after: number | null) {
    this.#feed = feed;
    this.#filter = filter;
    this.#stream = stream;
    // A number from beyond the newest belongs to a log that is gone.
    this.#sent = Math.min(after ?? feed.lastSeq, feed.lastSeq);
    this.#unsubscribe = feed.subscribe(() => this.#pump());
    const { oldestSeq } = feed;
    if (after !== null && oldestSeq > after + 1) {
      stream.write(`event: gap\ndata: ${JSON.stringify({ after, oldest_seq: oldestSeq })}\n\n`);
    }
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
  }

  #pump(): void {
    while (!this.#closed) {
      const events = this.#feed.after(this.#sent, PAGE, this.#filter);
      for (const event of events) {
        this.#stream.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
        this.#sent = event.seq;
      }
      if (this.#stream.buffered > MAX_BUFFERED_BYTES) {
        this.#stream.destroy();
        return;
      }
      if (events.length < PAGE) return;
    }
  }
}
