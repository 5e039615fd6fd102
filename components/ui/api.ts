/** Calls the control plane; what comes back is parsed by its schema, what went wrong is an error in words. */
import type { z } from 'zod';

export async function load<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await send('GET', path));
}

/** The server said no. */
export class AnswerError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** @throws AnswerError with the server's own message. */
export async function send(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  // The session has ended; the login leads back here.
  if (response.status === 401 && path !== '/api/session') {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  throw new AnswerError(
    messageIn(answer) ?? `The server answered with status ${response.status}`,
    response.status,
  );
}

function messageIn(answer: unknown): string | null {
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : null;
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : null;
  return typeof message === 'string' ? message : null;
}
