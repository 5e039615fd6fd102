/**
 * Checks a client's request: fields that we know must have their types, those that we do not know pass. Ranges are
 * left to the upstream, whose limits are its own.
 */
import { z } from 'zod';
import { explain } from '#lib/contracts/explain.ts';
import { listOf } from '#lib/contracts/lists.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { ClientRequest, Endpoint, Json, JsonObject } from '#lib/protocols/types.ts';

/** Each is kept apart, looked up and batched by itself. OpenAI takes 2,048. */
const MAX_INPUTS = 65_536;
const FEW_INPUTS = `must hold at most ${MAX_INPUTS} inputs`;
/** A list of numbers is one input, in tokens. */
const isFew = (input: unknown) =>
  !Array.isArray(input) || input.length <= MAX_INPUTS || typeof input[0] === 'number';
const isFilled = (list: readonly unknown[]) => list.length > 0;
const text = z.string().nullish();
const flag = z.boolean().nullish();
const float = z.number().nullish();
const count = z.int().nullish();
const loose = z.looseObject({});
/** Routes are remembered by name, so names are bounded. */
const MAX_MODEL_CHARS = 256;
const model = z
  .string()
  .min(1, 'must be the name of a model')
  .max(MAX_MODEL_CHARS, `must be at most ${MAX_MODEL_CHARS} characters long`);
const stop = z
  .union([z.string(), listOf(z.string())], { error: 'must be a string or an array of strings' })
  .nullish();
const keepAlive = z
  .union([z.string(), z.number()], { error: 'must be a duration ("5m") or seconds' })
  .nullish();
const toolCalls = listOf(
  z.looseObject({ function: z.looseObject({ name: z.string() }).optional() }),
).nullish();
const tools = listOf(z.looseObject({ type: z.string().optional() })).nullish();

const sampling = {
  temperature: float,
  top_p: float,
  presence_penalty: float,
  frequency_penalty: float,
  seed: count,
  max_tokens: count,
  n: count,
  stop,
  stream: flag,
  stream_options: z.looseObject({ include_usage: flag }).nullish(),
  options: loose.nullish(),
  keep_alive: keepAlive,
};

const openaiChat = z.looseObject({
  model,
  messages: listOf(
    z.looseObject({
      role: z.string().min(1),
      content: z
        .union([z.string(), listOf(z.looseObject({ type: z.string() }))], {
          error: 'must be a string or an array of parts, each with a type',
        })
        .nullish(),
      tool_calls: toolCalls,
      tool_call_id: text,
    }),
  ).refine(isFilled, 'must hold at least one message'),
  ...sampling,
  max_completion_tokens: count,
  tools,
  tool_choice: z.union([z.string(), loose], { error: 'must be a string or an object' }).nullish(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
  reasoning_effort: text,
  logprobs: flag,
  top_logprobs: count,
});

const openaiCompletions = z.looseObject({
  model,
  prompt: z
    .union([z.string(), listOf(z.string()), listOf(z.int()), listOf(listOf(z.int()))], {
      error: 'must be a string, an array of strings, or tokens',
    })
    .nullish(),
  suffix: text,
  ...sampling,
  best_of: count,
  echo: flag,
  logprobs: count,
});

const openaiEmbeddings = z.looseObject({
  model,
  input: z
    .union(
      [
        z.string().min(1),
        listOf(z.string()).refine(isFilled),
        listOf(z.int()).refine(isFilled),
        listOf(listOf(z.int()).refine(isFilled)).refine(isFilled),
      ],
      { error: 'must be a string, an array of strings, or tokens, and not empty' },
    )
    .refine(isFew, FEW_INPUTS),
  encoding_format: z.enum(['float', 'base64'], { error: 'must be "float" or "base64"' }).nullish(),
  dimensions: z.int().min(1).nullish(),
});

const ollamaShared = {
  model,
  stream: flag,
  format: z.union([z.string(), loose], { error: 'must be "json" or a JSON schema' }).nullish(),
  options: loose.nullish(),
  keep_alive: keepAlive,
  think: z.union([z.boolean(), z.string()], { error: 'must be true, false or a level' }).nullish(),
};

const ollamaChat = z.looseObject({
  ...ollamaShared,
  messages: listOf(
    z.looseObject({
      role: z.string().min(1),
      content: text,
      thinking: text,
      images: listOf(z.string()).nullish(),
      tool_calls: toolCalls,
      tool_name: text,
    }),
  ).nullish(),
  tools,
});

const ollamaGenerate = z.looseObject({
  ...ollamaShared,
  prompt: text,
  suffix: text,
  system: text,
  template: text,
  raw: flag,
  images: listOf(z.string()).nullish(),
  context: listOf(z.number()).nullish(),
});

const ollamaEmbed = z.looseObject({
  model,
  input: z
    .union([z.string(), listOf(z.string())], {
      error: 'must be a string or an array of strings; Ollama takes no tokens',
    })
    .refine(isFew, FEW_INPUTS)
    .nullish(),
  dimensions: count,
  truncate: flag,
  options: loose.nullish(),
  keep_alive: keepAlive,
});

const ollamaEmbeddings = z.looseObject({
  model,
  prompt: text,
  options: loose.nullish(),
  keep_alive: keepAlive,
});

const SCHEMAS: Record<Endpoint, z.ZodType> = {
  'openai.chat': openaiChat,
  'openai.completions': openaiCompletions,
  'openai.embeddings': openaiEmbeddings,
  'ollama.chat': ollamaChat,
  'ollama.generate': ollamaGenerate,
  'ollama.embed': ollamaEmbed,
  'ollama.embeddings': ollamaEmbeddings,
};

/** OpenAI streams when asked, Ollama unless told not to. */
const STREAMS: Record<Endpoint, (stream: Json | undefined) => boolean> = {
  'openai.chat': (stream) => stream === true,
  'openai.completions': (stream) => stream === true,
  'openai.embeddings': () => false,
  'ollama.chat': (stream) => stream !== false,
  'ollama.generate': (stream) => stream !== false,
  'ollama.embed': () => false,
  'ollama.embeddings': () => false,
};

/** @throws SwitchgearError `bad_request` naming the first field that is wrong, its value and what is allowed. */
export function parseRequest(endpoint: Endpoint, body: Json): ClientRequest {
  const result = SCHEMAS[endpoint].safeParse(body);
  if (!result.success) throw badRequest(result.error, body);
  const checked = body as JsonObject;
  const named = checked.model as string;
  return { endpoint, model: named, stream: STREAMS[endpoint](checked.stream), body: checked };
}

function badRequest(error: z.ZodError, body: Json): SwitchgearError {
  const [first] = explain(error, body);
  return new SwitchgearError(
    'bad_request',
    first?.message ?? 'The request body is not valid',
    first === undefined || first.field === '' ? {} : { field: first.field },
  );
}
