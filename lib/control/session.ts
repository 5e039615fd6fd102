/** The console's session: opened with the admin token, closed by its owner. */
import { sessionRequestSchema } from '#lib/contracts/session.ts';
import { type Call, json } from '#lib/control/route.ts';
import { SwitchgearError } from '#lib/errors.ts';

/** @throws SwitchgearError `conflict` when there is no admin token, `bad_request`, `unauthorized`, `rate_limit_exceeded`. */
export async function open(call: Call): Promise<Response> {
  const { token } = await call.body(sessionRequestSchema);
  const { access } = call.runtime;
  if (!access.tokenRequired) {
    throw new SwitchgearError('conflict', 'No admin token is configured, so the console needs no session');
  }
  if (typeof token !== 'string' || token === '') {
    throw new SwitchgearError('bad_request', 'token: must be the admin token, as a string');
  }
  const login = access.openSession(token, call.address);
  if (login.kind === 'refused') throw login.refusal;
  call.runtime.audit({ action: 'session_opened', by: call.by });
  return json(200, { status: 'open' }, { 'set-cookie': login.cookie });
}

export function close(call: Call): Response {
  const cookie = call.runtime.access.closeSession(call.credentials.cookie);
  call.runtime.audit({ action: 'session_closed', by: call.by });
  return json(200, { status: 'closed' }, { 'set-cookie': cookie });
}
