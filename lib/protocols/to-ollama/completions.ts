/** OpenAI's completions over Ollama's `/api/generate`. */

import { SSE_DONE, sseEvent } from '#lib/protocols/framing.ts';
import { inexpressible, present, stringIn } from '#lib/protocols/json.ts';
import { modelSettings, refuseInexpressible } from '#lib/protocols/to-ollama/options.ts';
import { finishReasonOf, usageOf, wantsUsage } from '#lib/protocols/to-ollama/usage.ts';
import type {
  AnswerStream,
  ClientRequest,
  Exchange,
  ExchangeContext,
  JsonObject,
  Usage,
} from '#lib/protocols/types.ts';
import { checkedAnswer, checkedEvent, cut, invalid, usageIn } from '#lib/protocols/upstream-answer.ts';

/** @throws SwitchgearError `bad_request` for several prompts, tokens, `echo` and `logprobs`. */
export function completionsOverOllama(request: ClientRequest, context: ExchangeContext): Exchange {
  const { body, model, stream } = request;
  refuseInexpressible(body);
  if (body.echo === true) throw inexpressible('echo', 'an Ollama upstream does not repeat the prompt');
  if (typeof body.logprobs === 'number') {
    throw inexpressible(
      'logprobs',
      'an Ollama upstream gives none for completions; chat completions have them',
    );
  }
  const frame = (answer: JsonObject): JsonObject => ({
    id: `cmpl-${context.id}`,
    object: 'text_completion',
    created: Math.floor(context.now() / 1_000),
    model: answer.model ?? model,
  });
  return {
    operation: 'completions',
    path: '/api/generate',
    requestBody: present({
      model,
      prompt: promptOf(body),
      suffix: body.suffix,
      stream,
      ...modelSettings(body),
    }),
    answer(whole) {
      const answer = checkedAnswer(whole);
      const text = stringIn(answer, 'response');
      if (text === null) throw invalid('an answer without a response');
      const finish_reason = finishReasonOf(answer, false);
      return {
        ...frame(answer),
        choices: [{ text, index: 0, logprobs: null, finish_reason }],
        usage: usageOf(answer),
      };
    },
    openStream: () => new CompletionStream(frame, wantsUsage(body)),
  };
}

function promptOf(body: JsonObject): string {
  const { prompt } = body;
  if (typeof prompt === 'string') return prompt;
  if (!Array.isArray(prompt)) throw inexpressible('prompt', 'is required: a string');
  const [only] = prompt;
  if (typeof only === 'number' || Array.isArray(only))
    throw inexpressible('prompt', 'Ollama takes no tokens; send text');
  if (typeof only !== 'string' || prompt.length > 1) {
    throw inexpressible('prompt', 'an Ollama upstream takes one prompt a request');
  }
  return only;
}

class CompletionStream implements AnswerStream {
  ended = false;
  usage: Usage | null = null;
  readonly #frame: (answer: JsonObject) => JsonObject;
  readonly #usage: boolean;

  constructor(frame: (answer: JsonObject) => JsonObject, usage: boolean) {
    this.#frame = frame;
    this.#usage = usage;
  }

  push(payload: string): string {
    const event = checkedEvent(payload);
    const text = stringIn(event, 'response') ?? '';
    const written = text === '' ? '' : this.#chunk(event, text, null);
    if (event.done !== true) return written;
    this.ended = true;
    this.usage = usageIn(event);
    const usage = this.#usage ? sseEvent({ ...this.#frame(event), choices: [], usage: usageOf(event) }) : '';
    return written + this.#chunk(event, '', finishReasonOf(event, false)) + usage + SSE_DONE;
  }

  finish(): string {
    if (!this.ended) throw cut();
    return '';
  }

  #chunk(event: JsonObject, text: string, finishReason: string | null): string {
    const choice = { text, index: 0, logprobs: null, finish_reason: finishReason };
    return sseEvent({ ...this.#frame(event), choices: [choice], ...(this.#usage ? { usage: null } : {}) });
  }
}
