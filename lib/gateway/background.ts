/** Calls that no client waits for: refreshes, checks, and what was served stale, made anew after an outage. */
import type { Joinable, Waiter } from '#lib/gateway/flight.ts';

/** Calls at a time: an upstream that has just come back must not be spent on them. */
const MAX_RUNNING = 4;
/** Answers that were served stale and are to be made anew; the first are forgotten first. */
const MAX_STALE = 500;

interface Stale {
  readonly component: string;
  /** Opens the call; null when it is not needed any more. */
  readonly open: () => BackgroundCall | null;
  served: number;
}

export interface BackgroundCall {
  readonly flight: Joinable;
  /** Told of the complete answer. Throws what it cannot read. */
  readonly done: () => void;
  /** Told of its end, whatever came of it. */
  readonly over?: () => void;
}

export class Background {
  readonly #stale = new Map<string, Stale>();
  #running = 0;

  get isBusy(): boolean {
    return this.#running >= MAX_RUNNING;
  }

  run({ flight, done, over: ended }: BackgroundCall, over: (isRefused: boolean) => void = () => {}): void {
    this.#running += 1;
    let isOver = false;
    const end = (isRefused: boolean) => {
      if (isOver) return;
      isOver = true;
      this.#running -= 1;
      ended?.();
      over(isRefused);
    };
    const waiter: Waiter = {
      takes: () => false,
      taken: 0,
      progress: () => {},
      complete() {
        done();
        end(false);
        return true;
      },
      // Nobody waits for it, and it is not kept.
      completeLarge: () => {
        end(false);
        return Promise.resolve(null);
      },
      failed: ({ kind }) => end(kind === 'refused'),
      found: () => end(false),
    };
    flight.join(waiter);
    if (flight.start() !== null) end(true);
  }

  /** Notes that `key` was served stale because its upstream's component failed. */
  noteStale(key: string, component: string, open: Stale['open']): void {
    const served = (this.#stale.get(key)?.served ?? 0) + 1;
    this.#stale.delete(key);
    this.#stale.set(key, { component, open, served });
    if (this.#stale.size <= MAX_STALE) return;
    const [oldest] = this.#stale.keys();
    if (oldest !== undefined) this.#stale.delete(oldest);
  }

  /** The component is closed again: what was served stale most often is made anew first. */
  recovered(component: string): void {
    const mine = [...this.#stale].filter(([, each]) => each.component === component);
    mine.sort(([, a], [, b]) => b.served - a.served);
    for (const [key] of mine) this.#stale.delete(key);
    const next = () => {
      const [key, stale] = mine.shift() ?? [];
      if (key === undefined || stale === undefined) return;
      const call = stale.open();
      if (call === null) return next();
      this.run(call, (isRefused) => {
        if (!isRefused) return next();
        // Still ramping, or open again: the next recovery takes the rest.
        for (const [again, each] of [[key, stale] as const, ...mine.splice(0)]) this.#stale.set(again, each);
      });
    };
    for (let lane = 0; lane < MAX_RUNNING; lane += 1) next();
  }

  clear(): void {
    this.#stale.clear();
  }
}
