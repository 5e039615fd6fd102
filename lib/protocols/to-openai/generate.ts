/** Ollama's `/api/generate` over OpenAI: a chat of one turn, or a plain completion where no template is wanted. */
import { inexpressible, present, stringIn } from '#lib/protocols/json.ts';
import { wholeAnswer } from '#lib/protocols/to-openai/answer.ts';
import { contentOf, settingsForOpenai, streamSettings } from '#lib/protocols/to-openai/request.ts';
import { LineStream, type Piece } from '#lib/protocols/to-openai/stream.ts';
import type { ClientRequest, Exchange, ExchangeContext, JsonObject } from '#lib/protocols/types.ts';

/** @throws SwitchgearError `bad_request` for `context` and `template`, which only Ollama's own runner knows. */
export function generateOverOpenai(
  { body, model, stream }: ClientRequest,
  context: ExchangeContext,
): Exchange {
  if (Array.isArray(body.context) && body.context.length > 0) {
    throw inexpressible('context', 'an OpenAI upstream keeps no context; use /api/chat with messages');
  }
  if ((stringIn(body, 'template') ?? '') !== '') {
    throw inexpressible('template', 'an OpenAI upstream applies its own template');
  }
  const startedMs = context.monotonicMs();
  const plain = body.raw === true || (stringIn(body, 'suffix') ?? '') !== '';
  return {
    operation: plain ? 'completions' : 'chat',
    path: plain ? '/completions' : '/chat/completions',
    requestBody: {
      model,
      ...(plain ? present({ prompt: body.prompt, suffix: body.suffix }) : { messages: turn(body) }),
      ...settingsForOpenai(body),
      ...streamSettings(stream),
    },
    answer: (answer) => wholeAnswer(answer, model, context, startedMs, carry),
    openStream: () => new LineStream(model, context, carry),
  };
}

function turn(body: JsonObject): JsonObject[] {
  const system = stringIn(body, 'system') ?? '';
  const user = { role: 'user', content: contentOf(stringIn(body, 'prompt') ?? '', body.images) };
  return system === '' ? [user] : [{ role: 'system', content: system }, user];
}

function carry({ content, thinking }: Piece): JsonObject {
  return { response: content, ...(thinking === '' ? {} : { thinking }) };
}
