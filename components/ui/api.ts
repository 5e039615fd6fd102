/** Calls the control plane; what comes back is parsed by its schema, what went wrong is an error in words. */
import type { z } from 'zod';
import { partOf } from '#components/ui/part-of.ts';

export async function load<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await send('GET', path));
}

/** The server said no. */
export class AnswerError extends Error {
  readonly status: number;
  /** What the server says beyond the message, in a form of its own. */
  readonly details: unknown;

  constructor(message: string, status: number, details: unknown) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

let isLoggingOut = false;

/** Ends the session and goes to the login. What is refused meanwhile, because the session is gone, does not go elsewhere. */
export async function logOut(): Promise<void> {
  isLoggingOut = true;
  try {
    await send('DELETE', '/api/session');
  } catch (thrown) {
    isLoggingOut = false;
    throw thrown;
  }
  location.assign('/login');
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
  if (response.status === 401 && path !== '/api/session' && !isLoggingOut) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  const error = partOf(answer, 'error');
  const message = partOf(error, 'message');
  throw new AnswerError(
    typeof message === 'string' ? message : `The server answered with status ${response.status}`,
    response.status,
    partOf(error, 'details'),
  );
}
