/** Ollama's `/api/embed` and its older `/api/embeddings` over OpenAI's embeddings. */

import { present, stringIn } from '#lib/protocols/json.ts';
import { nanoseconds } from '#lib/protocols/to-openai/stream.ts';
import type { ClientRequest, Exchange, ExchangeContext, Json, JsonObject } from '#lib/protocols/types.ts';
import { cut } from '#lib/protocols/upstream-answer.ts';
import { numbersOf, promptTokens, rawVectorsIn } from '#lib/protocols/vectors.ts';

export function embedOverOpenai({ body, model }: ClientRequest, context: ExchangeContext): Exchange {
  const startedMs = context.monotonicMs();
  const inputs = Array.isArray(body.input) ? body.input : [body.input ?? ''];
  return exchange({ model, input: inputs, dimensions: body.dimensions }, (answer) => ({
    model,
    embeddings: vectorsOf(answer, inputs.length),
    total_duration: nanoseconds(context.monotonicMs() - startedMs),
    ...present({ prompt_eval_count: promptTokens(answer) }),
  }));
}

export function legacyEmbedOverOpenai({ body, model }: ClientRequest): Exchange {
  return exchange({ model, input: stringIn(body, 'prompt') ?? '' }, (answer) => ({
    embedding: vectorsOf(answer, 1)[0] ?? [],
  }));
}

function exchange(fields: Record<string, Json | undefined>, answer: (body: Json) => JsonObject): Exchange {
  return {
    operation: 'embeddings',
    path: '/embeddings',
    requestBody: present({ ...fields, encoding_format: 'float' }),
    answer,
    openStream() {
      throw cut();
    },
  };
}

function vectorsOf(answer: Json, count: number): number[][] {
  return rawVectorsIn(answer, 'openai', count).map(numbersOf);
}
