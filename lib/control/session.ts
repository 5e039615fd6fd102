/** The console's session: opened with the admin token, closed by its owner. */
import { z } from 'zod';
import { type Call, json } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';

const sessionRequestSchema = z.strictObject({ token: z.string().min(1).max(1_000) });

export async function open(call: Call): Promise<Response> {
  const { token } = await call.body(sessionRequestSchema);
  if (!call.runtime.access.tokenRequired) {
    throw new SwitchgearError('conflict', 'No admin token is configured, so the console needs no session');
  }
  const session = call.runtime.access.openSession(token);
  if (session === null) throw new SwitchgearError('unauthorized', 'That is not the admin token');
  return json(200, { status: 'open' }, { 'set-cookie': session.cookie });
}

export function close({ runtime }: Call): Response {
  return json(200, { status: 'closed' }, { 'set-cookie': runtime.access.closeSessionCookie() });
}
