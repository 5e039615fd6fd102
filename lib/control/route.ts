/**
 * What every route handler of the control plane shares: it reaches the runtime, reads and checks a JSON body, answers
 * JSON, and turns an error into the envelope `{"error":{"code","message","details"?}}`. Access was checked before.
 */
import type { z } from 'zod';
import type { Credentials } from '#lib/access/policy.ts';
import { explain } from '#lib/contracts/explain.ts';
import { HTTP_STATUS, isSwitchgearError, SwitchgearError } from '#lib/errors.ts';
import { ADDRESS_HEADER } from '#lib/http/client-address.ts';
import { secondsOf } from '#lib/http/refusal.ts';
import { depthFault } from '#lib/json/depth.ts';
import { getRuntime, type RuntimeHandle } from '#lib/runtime-handle.ts';

export interface Call {
  runtime: RuntimeHandle;
  /** The names in the path. */
  params: Record<string, string>;
  query: URLSearchParams;
  /**
   * The query, checked; of a name that is given twice the last counts.
   * @throws SwitchgearError `bad_request`.
   */
  search<T>(schema: z.ZodType<T>): T;
  /** Who asks, for the audit. */
  by: string;
  credentials: Credentials;
  /** Whom wrong tokens are counted for. */
  address: string;
  /**
   * The body, checked; a missing one is `{}`. JSON whatever its type says: `curl -d` calls everything a form.
   * @throws SwitchgearError `invalid_json`, `bad_request`, `body_too_large`.
   */
  body<T>(schema: z.ZodType<T>, maxBytes?: number): Promise<T>;
}

/** One method of one path: answers what goes out as JSON, or a whole response. */
export type Verb = (call: Call) => unknown;

type Method = (typeof METHODS)[number];
type Handler = (request: Request, context: { params: Promise<object> }) => Promise<Response>;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const MAX_BODY_BYTES = 64 * 1024;

/** Handlers for every method; those without a verb answer 405 and name those that have one. */
export function defineRoute(verbs: Partial<Record<Method, Verb>>): Record<Method, Handler> {
  const allowed = METHODS.filter((method) => verbs[method] !== undefined);
  const handlers = METHODS.map((method) => [method, handlerOf(verbs[method], method, allowed)]);
  return Object.fromEntries(handlers) as Record<Method, Handler>;
}

function handlerOf(verb: Verb | undefined, method: Method, allowed: readonly Method[]): Handler {
  return async (request, context) => {
    try {
      if (verb === undefined) throw methodNotAllowed(method, allowed);
      const runtime = getRuntime();
      if (runtime === null) throw new SwitchgearError('not_ready', 'Switchgear is starting');
      const answer = await verb(callOf(runtime, request, (await context.params) as Record<string, string>));
      return answer instanceof Response ? answer : json(200, answer);
    } catch (thrown) {
      if (!isSwitchgearError(thrown)) getRuntime()?.reportError(thrown);
      const refusal = errorResponse(thrown);
      if (verb === undefined && allowed.length > 0) refusal.headers.set('allow', allowed.join(', '));
      return refusal;
    }
  };
}

function callOf(runtime: RuntimeHandle, request: Request, params: Record<string, string>): Call {
  const query = new URL(request.url).searchParams;
  const credentials = {
    authorization: request.headers.get('authorization') ?? undefined,
    cookie: request.headers.get('cookie') ?? undefined,
  };
  return {
    runtime,
    params,
    query,
    search: (schema) => checked(schema, Object.fromEntries(query)),
    by: runtime.access.actorOf(credentials),
    credentials,
    address: request.headers.get(ADDRESS_HEADER) ?? 'unknown',
    body: (schema, maxBytes = MAX_BODY_BYTES) => readBody(request, schema, maxBytes),
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } });
}

/** What is not ours becomes `internal`, and its text stays here. */
export function errorResponse(thrown: unknown): Response {
  const error = isSwitchgearError(thrown) ? thrown : new SwitchgearError('internal', 'Internal error');
  const details = error.details === undefined ? {} : { details: error.details };
  const body = { error: { code: error.code, message: error.message, ...details } };
  const retry = error.retryAfterMs === undefined ? {} : { 'retry-after': secondsOf(error.retryAfterMs) };
  return json(HTTP_STATUS[error.code], body, retry);
}

async function readBody<T>(request: Request, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  const text = await readText(request, maxBytes);
  const parsed = text.trim() === '' ? {} : parseJson(text);
  return checked(schema, parsed);
}

/** @throws SwitchgearError `bad_request` that names the field, its value and what is allowed */
export function checked<T>(schema: z.ZodType<T>, given: unknown): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const explanations = explain(result.error, given);
  const [first] = explanations;
  throw new SwitchgearError('bad_request', first?.message ?? 'The request is not valid', {
    details: explanations.map(({ field, message }) => ({ path: field, message })),
  });
}

function parseJson(text: string): unknown {
  const fault = depthFault(text);
  if (fault !== null) throw new SwitchgearError('invalid_json', `The request body is ${fault}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SwitchgearError('invalid_json', 'The request body is not valid JSON', { cause });
  }
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new SwitchgearError('body_too_large', `The request body is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function methodNotAllowed(method: Method, allowed: readonly Method[]): SwitchgearError {
  if (allowed.length === 0) return new SwitchgearError('not_found', 'Unknown path');
  return new SwitchgearError(
    'method_not_allowed',
    `${method} is not allowed here; use ${allowed.join(' or ')}`,
  );
}
