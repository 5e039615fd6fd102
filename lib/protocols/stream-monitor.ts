/**
 * Watches a stream in the upstream's own form for what is known of it before it is translated: its end, its tokens,
 * its report of an error. Events that can hold none of these are not parsed.
 */
import { numberIn, objectsIn } from '#lib/protocols/json.ts';
import type { Protocol, Usage } from '#lib/protocols/types.ts';
import { checkedEvent, cut, usageIn } from '#lib/protocols/upstream-answer.ts';

const TELLING = /"(?:error|usage|finish_reason|done_reason)"\s*:\s*[^\sn]|"done"\s*:\s*t/;

export class StreamMonitor {
  ended = false;
  usage: Usage | null = null;
  readonly #protocol: Protocol;
  readonly #open = new Set<number>();
  #finished = 0;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** @throws SwitchgearError `upstream_error`, `upstream_invalid` */
  push(payload: string): void {
    if (this.#protocol === 'openai' && payload.trim() === '[DONE]') {
      this.ended = true;
      return;
    }
    if (!TELLING.test(payload)) {
      if (this.#protocol === 'openai' && this.#finished === 0) this.#open.add(0);
      return;
    }
    const event = checkedEvent(payload);
    this.usage = usageIn(event) ?? this.usage;
    if (event.done === true) this.ended = true;
    for (const choice of objectsIn(event, 'choices')) {
      const index = numberIn(choice, 'index') ?? 0;
      if (typeof choice.finish_reason !== 'string') this.#open.add(index);
      else {
        this.#open.delete(index);
        this.#finished += 1;
      }
    }
  }

  /** The upstream closed its stream. @throws SwitchgearError `upstream_invalid` when it was cut */
  finish(): void {
    if (this.ended) return;
    if (this.#protocol === 'ollama' || this.#finished === 0 || this.#open.size > 0) throw cut();
    this.ended = true;
  }
}
