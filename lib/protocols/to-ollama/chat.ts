/** OpenAI's chat completions over Ollama's `/api/chat`. */

import { SSE_DONE, sseEvent } from '#lib/protocols/framing.ts';
import { objectIn, objectsIn, present, stringIn } from '#lib/protocols/json.ts';
import { messagesForOllama, toolsForOllama } from '#lib/protocols/to-ollama/messages.ts';
import { formatOf, modelSettings, refuseInexpressible, thinkOf } from '#lib/protocols/to-ollama/options.ts';
import { finishReasonOf, usageOf, wantsUsage } from '#lib/protocols/to-ollama/usage.ts';
import type {
  AnswerStream,
  ClientRequest,
  Exchange,
  ExchangeContext,
  Json,
  JsonObject,
  Usage,
} from '#lib/protocols/types.ts';
import { checkedAnswer, checkedEvent, cut, invalid, usageIn } from '#lib/protocols/upstream-answer.ts';

/** @throws SwitchgearError `bad_request` for what Ollama cannot express. */
export function chatOverOllama(request: ClientRequest, context: ExchangeContext): Exchange {
  const { body, model, stream } = request;
  refuseInexpressible(body);
  return {
    operation: 'chat',
    path: '/api/chat',
    requestBody: present({
      model,
      messages: messagesForOllama(body),
      stream,
      tools: toolsForOllama(body),
      format: formatOf(body),
      think: thinkOf(body),
      logprobs: body.logprobs,
      top_logprobs: body.top_logprobs,
      ...modelSettings(body),
    }),
    answer: (answer) => completion(answer, request, context),
    openStream: () => new ChatStream(request, context),
  };
}

function completion(body: Json, request: ClientRequest, context: ExchangeContext): JsonObject {
  const answer = checkedAnswer(body);
  const message = objectIn(answer, 'message');
  if (message === null) throw invalid('an answer without a message');
  const calls = toolCallsOf(message, context.id, 0);
  const content = stringIn(message, 'content') ?? '';
  return {
    id: `chatcmpl-${context.id}`,
    object: 'chat.completion',
    created: Math.floor(context.now() / 1_000),
    model: answer.model ?? request.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content === '' && calls.length > 0 ? null : content,
          ...reasoning(message),
          ...(calls.length === 0 ? {} : { tool_calls: calls.map(({ index: _, ...call }) => call) }),
        },
        logprobs: logprobsOf(answer),
        finish_reason: finishReasonOf(answer, calls.length > 0),
      },
    ],
    usage: usageOf(answer),
  };
}

class ChatStream implements AnswerStream {
  ended = false;
  usage: Usage | null = null;
  readonly #request: ClientRequest;
  readonly #context: ExchangeContext;
  readonly #created: number;
  readonly #usage: boolean;
  #begun = false;
  #calls = 0;

  constructor(request: ClientRequest, context: ExchangeContext) {
    this.#request = request;
    this.#context = context;
    this.#created = Math.floor(context.now() / 1_000);
    this.#usage = wantsUsage(request.body);
  }

  push(payload: string): string {
    const event = checkedEvent(payload);
    const done = event.done === true;
    let text = this.#delta(event);
    if (!done) return text;
    this.ended = true;
    this.usage = usageIn(event);
    text += this.#chunk(event, {}, null, finishReasonOf(event, this.#calls > 0));
    if (this.#usage) text += sseEvent({ ...this.#frame(event), choices: [], usage: usageOf(event) });
    return text + SSE_DONE;
  }

  finish(): string {
    if (!this.ended) throw cut();
    return '';
  }

  /** The event's part of the message, '' when it has none; the first one says whose message it is. */
  #delta(event: JsonObject): string {
    const message = objectIn(event, 'message') ?? {};
    const calls = toolCallsOf(message, this.#context.id, this.#calls);
    this.#calls += calls.length;
    const content = stringIn(message, 'content') ?? '';
    const delta: JsonObject = {
      ...(this.#begun ? {} : { role: 'assistant' }),
      ...(content === '' && this.#begun ? {} : { content }),
      ...reasoning(message),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    if (Object.keys(delta).length === 0) return '';
    this.#begun = true;
    return this.#chunk(event, delta, logprobsOf(event), null);
  }

  #chunk(
    event: JsonObject,
    delta: JsonObject,
    logprobs: JsonObject | null,
    finishReason: string | null,
  ): string {
    const choice = {
      index: 0,
      delta,
      ...(logprobs === null ? {} : { logprobs }),
      finish_reason: finishReason,
    };
    return sseEvent({ ...this.#frame(event), choices: [choice], ...(this.#usage ? { usage: null } : {}) });
  }

  #frame(event: JsonObject): JsonObject {
    return {
      id: `chatcmpl-${this.#context.id}`,
      object: 'chat.completion.chunk',
      created: this.#created,
      model: event.model ?? this.#request.model,
    };
  }
}

/** Both names that clients look for: `reasoning_content` (DeepSeek, vLLM) and `reasoning` (OpenRouter, Ollama). */
function reasoning(message: JsonObject): JsonObject {
  const thinking = stringIn(message, 'thinking') ?? '';
  return thinking === '' ? {} : { reasoning_content: thinking, reasoning: thinking };
}

function toolCallsOf(message: JsonObject, id: string, from: number): JsonObject[] {
  return objectsIn(message, 'tool_calls').map((call, at) => {
    const called = objectIn(call, 'function') ?? {};
    const index = from + at;
    return {
      index,
      id: stringIn(call, 'id') ?? `call_${id}${index}`,
      type: 'function',
      function: { name: called.name ?? '', arguments: JSON.stringify(called.arguments ?? {}) },
    };
  });
}

function logprobsOf(answer: JsonObject): JsonObject | null {
  return Array.isArray(answer.logprobs) ? { content: answer.logprobs, refusal: null } : null;
}
