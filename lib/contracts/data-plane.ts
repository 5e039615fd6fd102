/** The data plane in brief: its bodies are those of OpenAI's and Ollama's own documentation. */
import type { ErrorCode } from '#lib/errors.ts';

export interface DataEndpoint {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly id: string;
  readonly surface: 'openai' | 'ollama';
  readonly summary: string;
  /** Whether it is a call to a model, through a breaker, or a question that is answered here. */
  readonly isCall: boolean;
}

const openai = (path: string, id: string, summary: string): DataEndpoint => ({
  method: 'POST',
  path: `/v1/${path}`,
  id,
  surface: 'openai',
  summary,
  isCall: true,
});
const ollama = (path: string, id: string, summary: string): DataEndpoint => ({
  method: 'POST',
  path: `/api/${path}`,
  id,
  surface: 'ollama',
  summary,
  isCall: true,
});

export const DATA_ENDPOINTS: readonly DataEndpoint[] = [
  openai('chat/completions', 'openaiChat', 'Chat, streamed or whole'),
  openai('completions', 'openaiCompletions', 'Completion of a text, streamed or whole'),
  openai('embeddings', 'openaiEmbeddings', 'Embeddings'),
  { ...openai('models', 'openaiModels', 'The models of all upstreams'), method: 'GET', isCall: false },
  { ...openai('models/{id}', 'openaiModel', 'One model'), method: 'GET', isCall: false },
  ollama('chat', 'ollamaChat', 'Chat, streamed unless `stream` is false'),
  ollama('generate', 'ollamaGenerate', 'Completion of a text, streamed unless `stream` is false'),
  ollama('embed', 'ollamaEmbed', 'Embeddings'),
  ollama('embeddings', 'ollamaEmbeddings', 'One embedding, the older form'),
  { ...ollama('tags', 'ollamaTags', 'The models of all upstreams'), method: 'GET', isCall: false },
  { ...ollama('ps', 'ollamaPs', 'The models that are loaded'), method: 'GET', isCall: false },
  { ...ollama('version', 'ollamaVersion', 'The version of the first Ollama'), method: 'GET', isCall: false },
  { ...ollama('show', 'ollamaShow', 'One model'), isCall: false },
];

export const SURFACE_DOCUMENTATION = {
  openai: 'https://platform.openai.com/docs/api-reference',
  ollama: 'https://docs.ollama.com/api',
} as const;

/** What Switchgear adds to the answers of model calls. */
export const ANSWER_HEADERS = {
  'x-request-id': "The client's own, or minted; `GET /api/requests/{id}` tells what happened to it",
  'x-cache': 'How the answer was given: `bypass` when it came straight from the upstream',
  'x-switchgear-upstream': 'The upstream that answered',
  'server-timing': '`queue`, `upstream` and `total`, in milliseconds',
} as const;

export const REQUEST_HEADERS = {
  'x-request-id': 'Up to 128 printable characters; names the request in answers, logs and the console',
} as const;

/** Errors of Switchgear itself; an upstream's own 4xx pass through unchanged. */
export const CALL_ERRORS: readonly ErrorCode[] = [
  'bad_request',
  'invalid_json',
  'unauthorized',
  'forbidden',
  'model_not_found',
  'request_timeout',
  'body_too_large',
  'unsupported_media_type',
  'queue_full',
  'internal',
  'upstream_unreachable',
  'upstream_invalid',
  'upstream_error',
  'circuit_open',
  'not_ready',
  'overloaded',
  'shutting_down',
  'upstream_timeout',
];
