/** Errors in the form that each surface promises, our own and an upstream's. */
import { HTTP_STATUS, type SwitchgearError } from '#lib/errors.ts';
import { depthFault } from '#lib/json/depth.ts';
import { ndjsonLine, sseEvent } from '#lib/protocols/framing.ts';
import { isObject, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject, Protocol } from '#lib/protocols/types.ts';

const MAX_MESSAGE_CHARS = 2_000;

/** OpenAI `{"error":{"message","type","param","code"}}`, Ollama `{"error":"..."}`. */
export function errorBody(surface: Protocol, error: SwitchgearError): JsonObject {
  if (surface === 'ollama') return { error: error.message };
  return openaiError(error.message, HTTP_STATUS[error.code], error.code, error.field ?? null);
}

/** An error told inside a stream whose status line is long gone. */
export function errorEvent(surface: Protocol, error: SwitchgearError): string {
  const body = errorBody(surface, error);
  return surface === 'openai' ? sseEvent(body) : ndjsonLine(body);
}

/**
 * An upstream's error answer as the client's surface shows it. Where both speak the same protocol a JSON object
 * stays as it is.
 */
export function translateUpstreamError(
  surface: Protocol,
  protocol: Protocol,
  status: number,
  text: string,
): JsonObject {
  const body = parse(text);
  if (surface === protocol && isObject(body)) return body;
  const message = messageOf(body, text) ?? `The upstream answered with status ${status}`;
  if (surface === 'ollama') return { error: message };
  return openaiError(message, status, codeOf(body, status, message), null);
}

/** What an upstream's error object says; null when it says nothing readable. */
export function messageOf(body: Json | undefined, text: string): string | null {
  if (isObject(body)) {
    const error = body.error;
    const said = isObject(error) ? stringIn(error, 'message') : error;
    const found = [said, body.message, body.detail].find((each) => typeof each === 'string' && each !== '');
    return typeof found === 'string' ? found.slice(0, MAX_MESSAGE_CHARS) : null;
  }
  const plain = text.trim();
  return plain === '' || plain.startsWith('<') ? null : plain.slice(0, MAX_MESSAGE_CHARS);
}

function openaiError(message: string, status: number, code: string | null, param: string | null): JsonObject {
  return { error: { message, type: typeOf(status), param, code } };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

function codeOf(body: Json | undefined, status: number, message: string): string | null {
  const error = isObject(body) ? body.error : undefined;
  if (isObject(error) && typeof error.code === 'string') return error.code;
  return status === 404 && /model/i.test(message) ? 'model_not_found' : null;
}

/** Undefined for what is no JSON, or nested too deep to be handed on. */
function parse(text: string): Json | undefined {
  if (depthFault(text) !== null) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
