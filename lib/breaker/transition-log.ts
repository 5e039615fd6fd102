/** The last transitions of one breaker, each handed to a listener as it happens. */
import type { Transition } from '#lib/contracts/breakers.ts';

const MAX_TRANSITIONS = 100;

export class TransitionLog {
  readonly #onTransition: (transition: Transition) => void;
  readonly #transitions: Transition[] = [];

  constructor(onTransition: (transition: Transition) => void) {
    this.#onTransition = onTransition;
  }

  get last(): Transition | null {
    return this.#transitions.at(-1) ?? null;
  }

  newestFirst(): Transition[] {
    return this.#transitions.toReversed();
  }

  /** The state has changed already: a listener that throws must not fail the call or the timer that changed it. */
  record(transition: Transition): void {
    this.#transitions.push(transition);
    if (this.#transitions.length > MAX_TRANSITIONS) this.#transitions.shift();
    try {
      this.#onTransition(transition);
    } catch (error) {
      process.emitWarning(`Breaker ${transition.component}: a listener to its transitions threw: ${error}`);
    }
  }
}
