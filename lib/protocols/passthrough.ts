/** Surface and upstream speak the same protocol: the request's bytes go as they came, answers keep every field. */
import { SwitchgearError } from '#lib/errors.ts';
import { SSE_DONE, sseEvent } from '#lib/protocols/framing.ts';
import { isObject, numberIn, objectsIn } from '#lib/protocols/json.ts';
import { ObjectScan, type ScanOptions } from '#lib/protocols/object-scan.ts';
import type {
  AnswerBytes,
  AnswerStream,
  Exchange,
  JsonObject,
  Operation,
  Usage,
} from '#lib/protocols/types.ts';
import { checkedAnswer, checkedEvent, cut, invalid, usageIn } from '#lib/protocols/upstream-answer.ts';

/**
 * OpenAI over OpenAI. Ids are our own: those of some upstreams collide.
 * @param extra `dropsUsage`: whether to leave out the extra chunk with the counts, which this client did not ask for;
 *   `requestBody`: what goes upstream in the place of the client's bytes
 */
export function openaiPassthrough(
  operation: 'chat' | 'completions',
  path: string,
  id: string,
  { dropsUsage, requestBody }: { dropsUsage: boolean; requestBody: JsonObject | null },
): Exchange {
  return {
    operation,
    path,
    requestBody,
    answer(body) {
      const answer = checkedAnswer(body);
      if (!Array.isArray(answer.choices)) throw invalid('an answer without choices');
      return { ...answer, id };
    },
    openStream: () => new OpenaiStream(id, dropsUsage),
    openBytes: () => new PassingBytes({ name: 'id', value: JSON.stringify(id) }, 'choices'),
  };
}

/** Embeddings, and everything of Ollama over Ollama: an answer is checked and handed on. */
export function identity(operation: Operation, path: string): Exchange {
  return {
    operation,
    path,
    requestBody: null,
    answer: checkedAnswer,
    openStream: () => new OllamaStream(),
    openBytes: () => new PassingBytes(),
  };
}

/** Members of an answer that say what came of it. */
const TELLING = new Set(['error', 'usage', 'prompt_eval_count', 'eval_count', 'load_duration']);

/** The same checks as on what is parsed. */
class PassingBytes implements AnswerBytes {
  readonly #scan: ObjectScan;
  readonly #list: string | null;

  /** @param list the member that has to be a list */
  constructor(replaced: ScanOptions['replaced'] = undefined, list: string | null = null) {
    this.#scan = new ObjectScan({ watched: TELLING, ...(replaced === undefined ? {} : { replaced }) });
    this.#list = list;
  }

  push(chunk: Buffer): Buffer[] {
    const pieces = this.#scan.push(chunk);
    if (this.#scan.unkept.has('error'))
      throw new SwitchgearError('upstream_error', 'The upstream reported an error');
    if (this.#scan.kept.has('error')) this.#told();
    return pieces;
  }

  finish(): Usage | null {
    this.#scan.end();
    if (this.#list !== null && !this.#scan.lists.has(this.#list))
      throw invalid(`an answer without ${this.#list}`);
    return usageIn(this.#told());
  }

  #told(): JsonObject {
    const members = [...this.#scan.kept].map(([name, json]) => `${JSON.stringify(name)}:${json}`);
    return checkedEvent(`{${members.join()}}`);
  }
}

/** Chunks with our own id. Complete once every choice has its `finish_reason`, even where `[DONE]` is missing. */
class OpenaiStream implements AnswerStream {
  ended = false;
  usage: Usage | null = null;
  readonly #id: string;
  readonly #dropsUsage: boolean;
  readonly #open = new Set<number>();
  #begun = false;

  constructor(id: string, dropsUsage: boolean) {
    this.#id = id;
    this.#dropsUsage = dropsUsage;
  }

  push(payload: string): string {
    if (payload.trim() === '[DONE]') {
      this.ended = true;
      return SSE_DONE;
    }
    const event = checkedEvent(payload);
    this.usage = usageIn(event) ?? this.usage;
    const choices = objectsIn(event, 'choices');
    if (this.#dropsUsage && choices.length === 0 && isObject(event.usage)) return '';
    for (const choice of choices) {
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
  usage: Usage | null = null;

  push(payload: string): string {
    const event = checkedEvent(payload);
    this.usage = usageIn(event) ?? this.usage;
    if (event.done === true) this.ended = true;
    return `${payload}\n`;
  }

  finish(): string {
    if (!this.ended) throw cut();
    return '';
  }
}
