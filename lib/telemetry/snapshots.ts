/** One snapshot a second, composed and serialised once for all who listen, and not at all when nobody does. */
import type { Row, Snapshot } from '#lib/contracts/snapshot.ts';

export type SnapshotListener = (frame: Buffer) => void;

export class Snapshots {
  readonly #compose: (seq: number, rows: Row[], listeners: number) => Snapshot;
  readonly #listeners = new Set<SnapshotListener>();
  #seq = 0;
  #frame: Buffer | null = null;

  constructor(compose: (seq: number, rows: Row[], listeners: number) => Snapshot) {
    this.#compose = compose;
  }

  /** As it is now. */
  now(): Snapshot {
    return this.#compose(this.#seq, [], this.#listeners.size);
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
    this.#frame = frameOf(this.#compose(this.#seq, finished, this.#listeners.size));
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
