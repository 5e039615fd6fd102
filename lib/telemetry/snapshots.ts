/**
 * One snapshot a second, composed and serialised once for all who listen to the same view of it, and not at all when
 * nobody does. Views differ in the components that they were asked to show.
 */
import type { Row, Snapshot } from '#lib/contracts/snapshot.ts';
import type { Standing } from '#lib/contracts/worst-first.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { Changes } from '#lib/telemetry/changes.ts';
import { Shown } from '#lib/telemetry/shown.ts';

/** Everything at one moment; what is costly is made for those who show it. */
export interface Picture {
  /** In the order of the configuration. */
  readonly components: readonly Standing[];
  /** The snapshot of these components; `rows` are of the buckets that have just been finished. */
  show(components: readonly string[], rows: ReadNames): Snapshot;
}

/** Rows of the series of these components and upstreams, and of all that there is one of. */
export type ReadNames = (components: readonly string[], upstreams: readonly string[]) => Row[];

export type SnapshotListener = (frame: Buffer) => void;

/** Different views at a time. */
export const MAX_VIEWS = 64;

const NO_ROWS: ReadNames = () => [];

export class Snapshots {
  readonly #compose: (seq: number) => Picture;
  readonly #monotonicMs: () => number;
  readonly #shown = new Shown();
  /** Those that somebody listens to. */
  readonly #views = new Set<SnapshotView>();
  #seq = 0;

  constructor(compose: (seq: number) => Picture, monotonicMs: () => number) {
    this.#compose = compose;
    this.#monotonicMs = monotonicMs;
  }

  /** As it is now, and as a stream would begin that asks for nothing. */
  now(asked: readonly string[] = []): Snapshot {
    const picture = this.#look();
    return picture.show(this.#shown.of(picture.components, asked), NO_ROWS);
  }

  /** @throws SwitchgearError `not_ready` when there are `MAX_VIEWS` others */
  view(asked: readonly string[]): SnapshotView {
    if (this.#views.size >= MAX_VIEWS) {
      throw new SwitchgearError(
        'not_ready',
        `components: ${MAX_VIEWS} different choices are streamed already; ask for one of those, or for none`,
      );
    }
    return new SnapshotView(() => this.now(asked), asked, this.#views);
  }

  /** A second has passed. */
  tick(rows: ReadNames): void {
    this.#seq += 1;
    if (this.#views.size === 0) return;
    const picture = this.#look();
    for (const view of this.#views) {
      view.publish(picture.show(this.#shown.of(picture.components, view.asked), rows));
    }
  }

  #look(): Picture {
    const picture = this.#compose(this.#seq);
    this.#shown.look(picture.components, this.#monotonicMs());
    return picture;
  }
}

/** What some listeners show. */
export class SnapshotView {
  readonly asked: readonly string[];
  readonly #now: () => Snapshot;
  readonly #views: Set<SnapshotView>;
  readonly #listeners = new Set<SnapshotListener>();
  /** The newest that was published, whole; what follows are its changes. Null while nobody listens. */
  #newest: { whole: Snapshot; changes: Changes; frame: Buffer | null } | null = null;

  /** @param views where it is while somebody listens */
  constructor(now: () => Snapshot, asked: readonly string[], views: Set<SnapshotView>) {
    this.#now = now;
    this.asked = asked;
    this.#views = views;
  }

  /** What one who begins to listen gets first, and one who has missed something gets next. */
  latest(): Buffer {
    if (this.#newest === null) {
      const whole = this.#now();
      this.#newest = { whole, changes: new Changes(whole), frame: null };
    }
    this.#newest.frame ??= frameOf(this.#newest.whole);
    return this.#newest.frame;
  }

  subscribe(listener: SnapshotListener): () => void {
    this.#views.add(this);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#views.delete(this);
      this.#newest = null;
    };
  }

  publish(whole: Snapshot): void {
    const changes = this.#newest?.changes ?? new Changes(whole);
    const next = changes.next(whole);
    const frame = frameOf(next);
    this.#newest = { whole, changes, frame: next === whole ? frame : null };
    for (const listener of this.#listeners) listener(frame);
  }
}

/** As an event of `text/event-stream`. */
function frameOf(snapshot: Snapshot): Buffer {
  return Buffer.from(`data: ${JSON.stringify(snapshot)}\n\n`);
}
