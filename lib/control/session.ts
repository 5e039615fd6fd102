/** The console's session: opened with the admin token, closed by its owner. */
import { sessionRequestSchema } from '#lib/contracts/session.ts';
import { type Call, json } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';

/** @throws SwitchgearError `conflict` when there is no admin token, `bad_request`, `unauthorized`. */
export async function open(call: Call): Promise<Response> {
  const { token } = await call.body(sessionRequestSchema);
  const { access } = call.runtime;
  if (!access.tokenRequired) {
    throw new SwitchgearError('conflict', 'No admin token is configured, so the console needs no session');
  }
  if (typeof token !== 'string' || token === '') {
    throw new SwitchgearError('bad_request', 'token: must be the admin token, as a string');
  }
  const session = access.openSession(token);
  call.runtime.audit({ action: session === null ? 'session_refused' : 'session_opened', by: call.by });
  if (session === null) throw new SwitchgearError('unauthorized', 'That is not the admin token');
  return json(200, { status: 'open' }, { 'set-cookie': session.cookie });
}

export function close(call: Call): Response {
  call.runtime.audit({ action: 'session_closed', by: call.by });
  return json(200, { status: 'closed' }, { 'set-cookie': call.runtime.access.closeSessionCookie() });
}
