/** Ollama's `/api/embed` and its older `/api/embeddings` over OpenAI's embeddings. */

import { isObject, numberIn, objectIn, objectsIn, present, stringIn } from '#lib/protocols/json.ts';
import { nanoseconds } from '#lib/protocols/to-openai/stream.ts';
import type { ClientRequest, Exchange, ExchangeContext, Json, JsonObject } from '#lib/protocols/types.ts';
import { checkedAnswer, cut, invalid } from '#lib/protocols/upstream-answer.ts';

export function embedOverOpenai({ body, model }: ClientRequest, context: ExchangeContext): Exchange {
  const startedMs = context.monotonicMs();
  const inputs = Array.isArray(body.input) ? body.input : [body.input ?? ''];
  return exchange({ model, input: inputs, dimensions: body.dimensions }, (answer) => ({
    model,
    embeddings: vectorsOf(answer, inputs.length),
    total_duration: nanoseconds(context.monotonicMs() - startedMs),
    ...promptCount(answer),
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

/** By `index`, whatever the order of the answer; every input must have exactly one. */
function vectorsOf(body: Json, count: number): Json[] {
  const answer = checkedAnswer(body);
  const data = objectsIn(answer, 'data');
  const vectors = new Map<number, Json>();
  for (const [at, item] of data.entries()) {
    if (Array.isArray(item.embedding)) vectors.set(numberIn(item, 'index') ?? at, item.embedding);
  }
  const ordered = Array.from({ length: count }, (_, index) => vectors.get(index));
  if (data.length !== count || ordered.includes(undefined)) {
    throw invalid(`${data.length} embeddings for ${count} inputs`);
  }
  return ordered.filter((vector) => vector !== undefined);
}

function promptCount(answer: Json): JsonObject {
  const usage = isObject(answer) ? objectIn(answer, 'usage') : null;
  return usage === null ? {} : { prompt_eval_count: numberIn(usage, 'prompt_tokens') ?? 0 };
}
