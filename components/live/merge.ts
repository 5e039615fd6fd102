/** Puts snapshots that hold only what has changed together with what came before. */
import type { Snapshot } from '#lib/contracts/snapshot.ts';

export class Merge {
  #last: Snapshot | null = null;

  /**
   * What the stream shows now, whole; `null` when what came adds nothing to what is there, `missing` when something
   * before it has not come, so that the stream must begin anew.
   */
  take(came: Snapshot): Snapshot | null | 'missing' {
    const before = this.#last;
    if (came.is_whole) {
      this.#last = came;
      return came;
    }
    if (before === null || before.started_at !== came.started_at || came.seq > before.seq + 1)
      return 'missing';
    // Of a second that was sent whole already.
    if (came.seq <= before.seq) return null;
    this.#last = {
      ...came,
      is_whole: true,
      components: merged(before.components, came.components, came.gone.components),
      upstreams: merged(before.upstreams, came.upstreams, came.gone.upstreams),
      gone: { components: [], upstreams: [] },
    };
    return this.#last;
  }

  /** The stream has ended; what comes next is whole. */
  forget(): void {
    this.#last = null;
  }
}

/** Those that stay keep their place; new ones come last. */
function merged<T extends { name: string }>(
  before: readonly T[],
  changed: readonly T[],
  gone: readonly string[],
): T[] {
  const all = new Map(before.map((each) => [each.name, each]));
  for (const name of gone) all.delete(name);
  for (const each of changed) all.set(each.name, each);
  return [...all.values()];
}
