/** Callers of a server's first so many upstreams, one after another, until they are closed. */
import { modelOf } from './config.ts';

export const CALLERS = 4;

export class Callers {
  readonly #url: string;
  readonly #upstreams: number;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>[] = [];
  #next = 0;

  /** @param upstreams 0 calls nobody */
  constructor(url: string, upstreams: number) {
    this.#url = url;
    this.#upstreams = upstreams;
  }

  /** Begins; resolves when each has been called once. */
  async allCalled(): Promise<void> {
    if (this.#upstreams === 0) return;
    const all = Promise.withResolvers<void>();
    for (let caller = 0; caller < CALLERS; caller++) this.#running.push(this.#run(all.resolve));
    await Promise.race([all.promise, Promise.all(this.#running)]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }

  async #run(onRound: () => void): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const index = this.#next % this.#upstreams;
      this.#next += 1;
      await this.#call(index);
      if (this.#next >= this.#upstreams + CALLERS) onRound();
    }
  }

  async #call(index: number): Promise<void> {
    const body = { model: modelOf(index), messages: [{ role: 'user', content: 'hello' }] };
    const answer = await fetch(`${this.#url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`a call is answered with ${answer.status}`);
  }
}
