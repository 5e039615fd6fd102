/** A policy with its parts in memory. */
import { LoginAttempts } from '#lib/access/login-attempts.ts';
import { type AccessOptions, AccessPolicy } from '#lib/access/policy.ts';
import { RevokedSessions } from '#lib/access/revoked-sessions.ts';
import { MemoryDocumentStore } from '#lib/store/memory-document-store.ts';

export function policyOf(options: Partial<AccessOptions> = {}): AccessPolicy {
  const now = options.now ?? (() => 0);
  return new AccessPolicy({
    host: '127.0.0.1',
    port: 8003,
    adminToken: null,
    apiKeys: [],
    now,
    revoked: revokedOf(now),
    attempts: new LoginAttempts({ monotonicMs: () => 0, onEvent: () => {} }),
    ...options,
  });
}

export function revokedOf(
  now: () => number,
  store = new MemoryDocumentStore(),
  onRevoked = () => {},
): RevokedSessions {
  return new RevokedSessions({ now, store, onRevoked });
}

/** The `name=value` that a browser would send back; empty when the token is wrong. */
export function sessionOf(access: AccessPolicy, token: string): string {
  const login = access.openSession(token, '192.0.2.1');
  return login.kind === 'open' ? (login.cookie.split(';')[0] ?? '') : '';
}
