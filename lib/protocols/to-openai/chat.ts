/** Ollama's `/api/chat` over OpenAI's chat completions. */
import { objectsIn, present } from '#lib/protocols/json.ts';
import { wholeAnswer } from '#lib/protocols/to-openai/answer.ts';
import { messagesForOpenai, settingsForOpenai, streamSettings } from '#lib/protocols/to-openai/request.ts';
import { LineStream, type Piece } from '#lib/protocols/to-openai/stream.ts';
import type { ClientRequest, Exchange, ExchangeContext, JsonObject } from '#lib/protocols/types.ts';

export function chatOverOpenai({ body, model, stream }: ClientRequest, context: ExchangeContext): Exchange {
  const startedMs = context.monotonicMs();
  const tools = objectsIn(body, 'tools');
  return {
    operation: 'chat',
    path: '/chat/completions',
    requestBody: {
      model,
      messages: messagesForOpenai(body),
      ...present({ tools: tools.length === 0 ? undefined : tools }),
      ...settingsForOpenai(body),
      ...streamSettings(stream),
    },
    answer: (answer) => wholeAnswer(answer, model, context, startedMs, carry),
    openStream: () => new LineStream(model, context, carry),
  };
}

function carry({ content, thinking, toolCalls }: Piece): JsonObject {
  return {
    message: {
      role: 'assistant',
      content,
      ...(thinking === '' ? {} : { thinking }),
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    },
  };
}
