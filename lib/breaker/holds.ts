/**
 * The holds that operators have on one breaker, each with its owner, reason and end. The newest is in force; those
 * under it wait, and one that is lifted or expires leaves the others.
 */
import type { Hold, HoldRecord } from '#lib/breaker/hold.ts';
import { SwitchgearError } from '#lib/errors.ts';

/** More than people place by hand; a script in a loop is told. */
export const MAX_HOLDS = 20;

export class Holds {
  /** Newest last. */
  #holds: Hold[] = [];

  /** Whether or not its time is up. */
  get inForce(): Hold | null {
    return this.#holds.at(-1) ?? null;
  }

  /** One whose time is up; null when there is none. */
  get expired(): Hold | null {
    return this.#holds.find((hold) => hold.isOver) ?? null;
  }

  get isEmpty(): boolean {
    return this.#holds.length === 0;
  }

  /** The one in force first. */
  list(): Hold[] {
    return this.#holds.toReversed();
  }

  /** Oldest first, as `Hold.restore` takes them. */
  records(): HoldRecord[] {
    return this.#holds.map((hold) => hold.record());
  }

  /** @throws SwitchgearError `conflict` when there are `MAX_HOLDS` */
  checkRoom(): void {
    if (this.#holds.length < MAX_HOLDS) return;
    throw new SwitchgearError('conflict', `There are ${MAX_HOLDS} holds on it already; lift one first`);
  }

  add(hold: Hold): void {
    this.#holds.push(hold);
  }

  /** @throws SwitchgearError `not_found`, naming those there are */
  require(id: string): Hold {
    const found = this.#holds.find((hold) => hold.id === id);
    if (found !== undefined) return found;
    const known = this.list().map((hold) => hold.id);
    const listed = known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
    throw new SwitchgearError('not_found', `There is no hold ${JSON.stringify(id)}; ${listed}`, {
      field: 'id',
      details: { known },
    });
  }

  remove(hold: Hold): void {
    hold.release();
    this.#holds = this.#holds.filter((each) => each !== hold);
  }

  clear(): void {
    for (const hold of this.#holds) hold.release();
    this.#holds = [];
  }
}
