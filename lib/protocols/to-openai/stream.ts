/** A streamed OpenAI answer as Ollama's lines; chat and generate differ only in how a piece of text is carried. */

import { depthFault } from '#lib/json/depth.ts';
import { ndjsonLine } from '#lib/protocols/framing.ts';
import { isObject, numberIn, objectIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import type { AnswerStream, ExchangeContext, Json, JsonObject, Usage } from '#lib/protocols/types.ts';
import { checkedEvent, cut, invalid, usageIn } from '#lib/protocols/upstream-answer.ts';

/** One piece of an answer, before it is put into a line. */
export interface Piece {
  content: string;
  thinking: string;
  toolCalls: JsonObject[];
}

/** How a piece is carried: `{message: …}` or `{response: …}`. */
export type Carry = (piece: Piece) => JsonObject;

export const NOTHING: Piece = { content: '', thinking: '', toolCalls: [] };

export class LineStream implements AnswerStream {
  ended = false;
  usage: Usage | null = null;
  readonly #model: string;
  readonly #context: ExchangeContext;
  readonly #carry: Carry;
  readonly #startedMs: number;
  #firstMs: number | null = null;
  #finishReason: string | null = null;
  readonly #calls = new Map<number, { id: string | null; name: string; written: string }>();

  constructor(model: string, context: ExchangeContext, carry: Carry) {
    this.#model = model;
    this.#context = context;
    this.#carry = carry;
    this.#startedMs = context.monotonicMs();
  }

  push(payload: string): string {
    if (payload.trim() === '[DONE]') return this.#close();
    const event = checkedEvent(payload);
    this.#firstMs ??= this.#context.monotonicMs();
    this.usage = usageIn(event) ?? this.usage;
    const [choice] = objectsIn(event, 'choices');
    if (choice === undefined) return '';
    const delta = objectIn(choice, 'delta') ?? choice;
    this.#collect(delta);
    let toolCalls: JsonObject[] = [];
    if (typeof choice.finish_reason === 'string') {
      this.#finishReason = choice.finish_reason;
      toolCalls = this.#collected();
    }
    const piece = { content: textOf(delta), thinking: thinkingOf(delta), toolCalls };
    if (piece.content === '' && piece.thinking === '' && toolCalls.length === 0) return '';
    return ndjsonLine({ ...this.#head(), ...this.#carry(piece), done: false });
  }

  finish(): string {
    if (this.ended) return '';
    if (this.#finishReason === null) throw cut();
    return this.#close();
  }

  #close(): string {
    if (this.#finishReason === null) throw cut();
    this.ended = true;
    const endMs = this.#context.monotonicMs();
    const firstMs = this.#firstMs ?? endMs;
    return ndjsonLine({
      ...this.#head(),
      ...this.#carry(NOTHING),
      done: true,
      done_reason: doneReasonOf(this.#finishReason),
      total_duration: nanoseconds(endMs - this.#startedMs),
      ...countsOf(this.usage),
      prompt_eval_duration: nanoseconds(firstMs - this.#startedMs),
      eval_duration: nanoseconds(endMs - firstMs),
    });
  }

  #head(): JsonObject {
    return { model: this.#model, created_at: new Date(this.#context.now()).toISOString() };
  }

  #collect(delta: JsonObject): void {
    for (const [at, part] of objectsIn(delta, 'tool_calls').entries()) {
      const index = numberIn(part, 'index') ?? at;
      const called = objectIn(part, 'function') ?? {};
      const call = this.#calls.get(index) ?? { id: null, name: '', written: '' };
      call.id ??= stringIn(part, 'id');
      call.name += stringIn(called, 'name') ?? '';
      call.written += stringIn(called, 'arguments') ?? '';
      this.#calls.set(index, call);
    }
  }

  #collected(): JsonObject[] {
    const calls = [...this.#calls.values()].map(({ id, name, written }) => toolCall(id, name, written));
    this.#calls.clear();
    return calls;
  }
}

export function textOf(carrier: JsonObject): string {
  return stringIn(carrier, 'content') ?? stringIn(carrier, 'text') ?? '';
}

export function thinkingOf(carrier: JsonObject): string {
  return stringIn(carrier, 'reasoning_content') ?? stringIn(carrier, 'reasoning') ?? '';
}

/** @throws SwitchgearError `upstream_invalid` when the arguments are not a JSON object, or nested too deep. */
export function toolCall(id: string | null, name: string, written: string): JsonObject {
  const fault = depthFault(written);
  if (fault !== null) throw invalid(`a tool call whose arguments are ${fault}`);
  let args: Json = {};
  try {
    if (written.trim() !== '') args = JSON.parse(written) as Json;
  } catch {
    args = null;
  }
  if (!isObject(args)) throw invalid('a tool call whose arguments are not a JSON object');
  return { ...(id === null ? {} : { id }), function: { name, arguments: args } };
}

export function doneReasonOf(finishReason: string): string {
  return finishReason === 'length' ? 'length' : 'stop';
}

export function countsOf(usage: Usage | null): JsonObject {
  return usage === null ? {} : { prompt_eval_count: usage.input, eval_count: usage.output };
}

export function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
