/**
 * The console's session: a signed expiry in a cookie, so that only ended sessions are kept on the server and every
 * replica with the same admin token accepts the others, through restarts too.
 *
 *   value = <expires at, ms, base 36> "." <nonce> "." HMAC-SHA256(key, "<expires>.<nonce>")
 *   key   = HKDF-SHA256(admin token, info "switchgear session v1")
 *
 * Another admin token is another key, which ends all sessions; one that was logged out is in the list of the revoked.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RevokedSessions, Session } from '#lib/access/revoked-sessions.ts';

export const SESSION_COOKIE = 'switchgear_session';
export const SESSION_MS = 12 * 60 * 60 * 1_000;

const NONCE_BYTES = 16;
/** More cookies of our name than this are not looked at. */
const MAX_CANDIDATES = 4;
const VALUE = /^([0-9a-z]{1,11})\.([\w-]{22})\.([\w-]{43})$/;
// No `Secure`: the console is served on http://localhost, where a browser would not send such a cookie everywhere.
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

export interface SessionSignerParts {
  adminToken: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  revoked: Pick<RevokedSessions, 'has' | 'openUntilMs'>;
  random?: (bytes: number) => Buffer;
}

export class SessionSigner {
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #revoked: SessionSignerParts['revoked'];
  readonly #random: (bytes: number) => Buffer;

  constructor({ adminToken, now, revoked, random = randomBytes }: SessionSignerParts) {
    this.#key = Buffer.from(hkdfSync('sha256', adminToken, '', 'switchgear session v1', 32));
    this.#now = now;
    this.#revoked = revoked;
    this.#random = random;
  }

  /** A `Set-Cookie` value that opens a session. */
  issue(): string {
    const expiresAt = Math.max(this.#now() + SESSION_MS, this.#revoked.openUntilMs).toString(36);
    const payload = `${expiresAt}.${this.#random(NONCE_BYTES).toString('base64url')}`;
    const signature = this.#sign(payload).toString('base64url');
    return `${SESSION_COOKIE}=${payload}.${signature}; ${ATTRIBUTES}; Max-Age=${SESSION_MS / 1_000}`;
  }

  /** Whether a `Cookie` header carries a session that is ours and has not ended. */
  verify(cookieHeader: string | undefined): boolean {
    return valuesOf(cookieHeader).some((value) => this.#sessionOf(value) !== null);
  }

  /** The sessions of a `Cookie` header that are ours and have not ended. */
  openIn(cookieHeader: string | undefined): Session[] {
    return valuesOf(cookieHeader).flatMap((value) => this.#sessionOf(value) ?? []);
  }

  #sessionOf(value: string): Session | null {
    const [, expiresAt, nonce, signature] = VALUE.exec(value) ?? [];
    if (expiresAt === undefined || nonce === undefined || signature === undefined) return null;
    const expected = this.#sign(`${expiresAt}.${nonce}`);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const session = { nonce, expiresAtMs: Number.parseInt(expiresAt, 36) };
    return session.expiresAtMs > this.#now() && !this.#revoked.has(session) ? session : null;
  }

  #sign(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}

/** A `Set-Cookie` value that ends the session in this browser. */
export function closingCookie(): string {
  return `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;
}

function valuesOf(cookieHeader: string | undefined): string[] {
  if (cookieHeader === undefined) return [];
  const prefix = `${SESSION_COOKIE}=`;
  return cookieHeader
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .slice(0, MAX_CANDIDATES)
    .map((pair) => pair.slice(prefix.length));
}
