/** Answers to the client: whole JSON bodies and errors in the surface's own form. */
import type { ServerResponse } from 'node:http';
import { type SwitchgearError, toSwitchgearError } from '#lib/errors.ts';
import { errorBody } from '#lib/protocols/errors.ts';
import type { Protocol } from '#lib/protocols/types.ts';

/** Sends a whole JSON body. Does nothing when the client is gone. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: string[] = [],
): void {
  if (res.headersSent || res.destroyed) return;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  headers.push('content-type', 'application/json', 'content-length', String(length));
  res.writeHead(status, headers);
  res.end(body);
}

/** Sends an error in the surface's shape, with its status, `retry-after` and `retry-after-ms`. */
export function sendError(
  res: ServerResponse,
  surface: Protocol,
  thrown: unknown,
  headers: string[] = [],
): void {
  const error = toSwitchgearError(thrown);
  headers.push('x-content-type-options', 'nosniff', ...retryHeaders(error));
  sendJson(res, error.status, JSON.stringify(errorBody(surface, error)), headers);
}

/**
 * When to come back. An open circuit also tells OpenAI's SDK not to retry: its own retries would hold the caller for
 * the whole open time, twice, where an immediate refusal was the point.
 */
function retryHeaders(error: SwitchgearError): string[] {
  const headers: string[] = [];
  if (error.retryAfterMs !== undefined) {
    headers.push('retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000))));
    headers.push('retry-after-ms', String(error.retryAfterMs));
  }
  if (error.code === 'circuit_open') headers.push('x-should-retry', 'false');
  return headers;
}
