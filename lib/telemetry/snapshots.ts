/** One snapshot a second, composed and serialised once for all who listen, and not at all when nobody does. */
import type { Row, Snapshot } from '#lib/contracts/snapshot.ts';

/** What a snapshot says of the stream itself. */
export interface Frame {
  readonly seq: number;
  /** Buckets that have been finished since the last one. */
  readonly rows: Row[];
}

export type SnapshotListener = (frame: Buffer) => void;

export class Snapshots {
  readonly #compose: (frame: Frame) => Snapshot;
  readonly #listeners = new Set<SnapshotListener>();
  #seq = 0;
  #frame: Buffer | null = null;

  constructor(compose: (frame: Frame) => Snapshot) {
    this.#compose = compose;
  }

  /** As it is now. */
  now(): Snapshot {
    return this.#compose({ seq: this.#seq, rows: [] });
  }

  /** What one who begins to listen gets first. */
  latest(): Buffer {
    this.#frame ??= frameOf(this.now());
    return this.#frame;
  }

  /** A second has passed. */
  tick(rows: () => Row[]): void {
    this.#seq += 1;
    this.#frame = null;
    const finished = rows();
    if (this.#listeners.size === 0) return;
    this.#frame = frameOf(this.#compose({ seq: this.#seq, rows: finished }));
    for (const listener of this.#listeners) listener(this.#frame);
  }

  subscribe(listener: SnapshotListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** As an event of `text/event-stream`. */
function frameOf(snapshot: Snapshot): Buffer {
  return Buffer.from(`data: ${JSON.stringify(snapshot)}\n\n`);
}
