/**
 * Which components a stream shows of a server that has many: those that were asked for, then the worst. Which are the
 * worst is looked at anew when a state changes, and else now and then, so that what is shown does not flicker.
 */
import { ALL_UP_TO, SHOWN } from '#lib/contracts/snapshot.ts';
import { isQuiet, isTroubled, type Standing, worstFirst } from '#lib/contracts/worst-first.ts';

const LOOK_AGAIN_MS = 10_000;

export class Shown {
  #worst: readonly string[] = [];
  #troubled = '';
  #count = -1;
  #lookedMs = 0;

  /**
   * A second has passed.
   * @param nowMs monotonic
   */
  look(all: readonly Standing[], nowMs: number): void {
    const troubled = all
      .filter(isTroubled)
      .map(({ name, state, hold }) => `${name} ${state} ${hold === null}`)
      .join('\n');
    const isOld = nowMs - this.#lookedMs >= LOOK_AGAIN_MS;
    if (troubled === this.#troubled && all.length === this.#count && !isOld) return;
    this.#troubled = troubled;
    this.#count = all.length;
    this.#lookedMs = nowMs;
    const busy = worstFirst(all.filter((each) => !isQuiet(each)));
    // Those that nobody calls are all alike: the first of them stay in their order.
    const rest = busy.length >= SHOWN ? [] : all.filter(isQuiet);
    this.#worst = [...busy, ...rest].slice(0, SHOWN).map(({ name }) => name);
  }

  /** Names in the order of `all`; those of `asked` among them. */
  of(all: readonly Standing[], asked: readonly string[]): string[] {
    const names = all.map(({ name }) => name);
    if (names.length <= ALL_UP_TO) return names;
    const known = new Set(names);
    const shown = new Set([...asked.filter((name) => known.has(name)), ...this.#worst].slice(0, SHOWN));
    return names.filter((name) => shown.has(name));
  }
}
