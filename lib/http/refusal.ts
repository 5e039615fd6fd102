/** An error of the control plane, where no route handler is there to send it. */
import type { ServerResponse } from 'node:http';
import type { SwitchgearError } from '#lib/errors.ts';

export function sendRefusal(
  res: ServerResponse,
  { code, message, status, retryAfterMs }: SwitchgearError,
): void {
  if (status === 401) res.setHeader('www-authenticate', 'Bearer');
  if (retryAfterMs !== undefined) res.setHeader('retry-after', secondsOf(retryAfterMs));
  const body = JSON.stringify({ error: { code, message } });
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
}

/** Of `retry-after`. */
export function secondsOf(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
}
