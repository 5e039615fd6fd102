/**
 * Hands each snapshot to all who listen. The bytes are the same for everyone; the writing is spread in
 * slices, between which requests get their turn. A slow reader skips snapshots: only the newest is worth reading.
 */
import type { EventStream } from '#lib/http/event-stream.ts';

export interface SnapshotFeed {
  latest(): Buffer;
  subscribe(listener: (frame: Buffer) => void): () => void;
}

/** Writes to a socket cost some 10 to 20 µs each, and wake a reader: a slice stays below a tenth of a millisecond. */
const SLICE = 5;
/** Between slices, so that a hundred readers take a twentieth of a second in all, and a thousand half of one. */
const PACE_MS = 2;

export class SnapshotFan {
  readonly #feed: SnapshotFeed;
  readonly #streams = new Set<EventStream>();
  /** Those for whom the newest snapshot waits. */
  readonly #behind = new Set<EventStream>();
  #unsubscribe: (() => void) | null = null;

  constructor(feed: SnapshotFeed) {
    this.#feed = feed;
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: EventStream): void {
    stream.write(this.#feed.latest());
    this.#streams.add(stream);
    this.#unsubscribe ??= this.#feed.subscribe((frame) => this.#deal([...this.#streams], frame));
  }

  remove(stream: EventStream): void {
    this.#streams.delete(stream);
    this.#behind.delete(stream);
    if (this.#streams.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #deal(streams: EventStream[], frame: Buffer): void {
    for (const stream of streams.splice(0, SLICE)) this.#give(stream, frame);
    if (streams.length > 0) setTimeout(() => this.#deal(streams, frame), PACE_MS).unref();
  }

  #give(stream: EventStream, frame: Buffer): void {
    if (stream.isReady) {
      stream.write(frame);
      return;
    }
    if (!this.#streams.has(stream) || this.#behind.has(stream)) return;
    this.#behind.add(stream);
    stream.onceReady(() => {
      if (this.#behind.delete(stream)) stream.write(this.#feed.latest());
    });
  }
}
