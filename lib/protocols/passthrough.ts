/** Surface and upstream speak the same protocol: the request's bytes go as they came, answers keep every field. */
import { SwitchgearError } from '#lib/errors.ts';
import { messageOf } from '#lib/protocols/errors.ts';
import { SSE_DONE, sseEvent } from '#lib/protocols/framing.ts';
import { isObject, numberIn, objectsIn, parseEvent } from '#lib/protocols/json.ts';
import type { AnswerStream, Exchange, Json, JsonObject, Operation } from '#lib/protocols/types.ts';

/** OpenAI over OpenAI. Ids are our own: those of some upstreams collide. */
export function openaiPassthrough(operation: 'chat' | 'completions', path: string, id: string): Exchange {
  return {
    operation,
    path,
    requestBody: null,
    answer(body) {
      const answer = wholeAnswer(body);
      if (!Array.isArray(answer.choices)) throw invalid('an answer without choices');
      return { ...answer, id };
    },
    openStream: () => new OpenaiStream(id),
  };
}

/** Embeddings, and everything of Ollama over Ollama: an answer is checked and handed on. */
export function identity(operation: Operation, path: string): Exchange {
  return { operation, path, requestBody: null, answer: wholeAnswer, openStream: () => new OllamaStream() };
}

function wholeAnswer(body: Json): JsonObject {
  if (!isObject(body)) throw invalid('an answer that is no object');
  if (body.error !== undefined && body.error !== null) throw reported(body);
  return body;
}

/** Chunks with our own id. Complete once every choice has its `finish_reason`, even where `[DONE]` is missing. */
class OpenaiStream implements AnswerStream {
  ended = false;
  readonly #id: string;
  readonly #open = new Set<number>();
  #begun = false;

  constructor(id: string) {
    this.#id = id;
  }

  push(payload: string): string {
    if (payload.trim() === '[DONE]') {
      this.ended = true;
      return SSE_DONE;
    }
    const event = parseEvent(payload);
    if (event.error !== undefined && event.error !== null) throw reported(event);
    for (const choice of objectsIn(event, 'choices')) {
      const index = numberIn(choice, 'index') ?? 0;
      this.#begun = true;
      if (typeof choice.finish_reason === 'string') this.#open.delete(index);
      else this.#open.add(index);
    }
    return sseEvent({ ...event, id: this.#id });
  }

  finish(): string {
    if (this.ended) return '';
    if (!this.#begun || this.#open.size > 0) throw cut();
    this.ended = true;
    return SSE_DONE;
  }
}

class OllamaStream implements AnswerStream {
  ended = false;

  push(payload: string): string {
    const event = parseEvent(payload);
    if (event.error !== undefined && event.error !== null) throw reported(event);
    if (event.done === true) this.ended = true;
    return `${payload}\n`;
  }

  finish(): string {
    if (!this.ended) throw cut();
    return '';
  }
}

/** The upstream's own report of an error, in an answer whose status said that all was well. */
export function reported(event: JsonObject): SwitchgearError {
  return new SwitchgearError('upstream_error', messageOf(event, '') ?? 'The upstream reported an error');
}

export function cut(): SwitchgearError {
  return new SwitchgearError(
    'upstream_invalid',
    'The upstream ended its stream before the answer was complete',
  );
}

export function invalid(what: string): SwitchgearError {
  return new SwitchgearError('upstream_invalid', `The upstream sent ${what}`);
}
