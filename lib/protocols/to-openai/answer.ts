/** A whole OpenAI answer as one of Ollama's. Durations that were not measured are left out. */

import { objectIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import {
  type Carry,
  countsOf,
  doneReasonOf,
  nanoseconds,
  textOf,
  thinkingOf,
  toolCall,
} from '#lib/protocols/to-openai/stream.ts';
import type { ExchangeContext, Json, JsonObject } from '#lib/protocols/types.ts';
import { checkedAnswer, invalid, usageIn } from '#lib/protocols/upstream-answer.ts';

export function wholeAnswer(
  body: Json,
  model: string,
  context: ExchangeContext,
  startedMs: number,
  carry: Carry,
): JsonObject {
  const answer = checkedAnswer(body);
  const [choice] = objectsIn(answer, 'choices');
  if (choice === undefined) throw invalid('an answer without choices');
  const message = objectIn(choice, 'message') ?? choice;
  const toolCalls = objectsIn(message, 'tool_calls').map((call) => {
    const called = objectIn(call, 'function') ?? {};
    return toolCall(
      stringIn(call, 'id'),
      stringIn(called, 'name') ?? '',
      stringIn(called, 'arguments') ?? '',
    );
  });
  return {
    model,
    created_at: new Date(context.now()).toISOString(),
    ...carry({ content: textOf(message), thinking: thinkingOf(message), toolCalls }),
    done: true,
    done_reason: doneReasonOf(stringIn(choice, 'finish_reason') ?? 'stop'),
    total_duration: nanoseconds(context.monotonicMs() - startedMs),
    ...countsOf(usageIn(answer)),
  };
}
