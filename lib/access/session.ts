/**
 * The console's session: a signed expiry in a cookie, so that nothing is kept on the server and every replica with
 * the same admin token accepts it.
 *
 *   value = <expires at, ms, base 36> "." <nonce> "." HMAC-SHA256(key, "<expires>.<nonce>")
 *   key   = HKDF-SHA256(admin token, info "switchgear session v1")
 *
 * Another admin token is another key, which ends all sessions.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

export const SESSION_COOKIE = 'switchgear_session';
export const SESSION_MS = 12 * 60 * 60 * 1_000;

const NONCE_BYTES = 16;
/** More cookies of our name than this are not looked at. */
const MAX_CANDIDATES = 4;
const VALUE = /^([0-9a-z]{1,11})\.([\w-]{22})\.([\w-]{43})$/;
// No `Secure`: the console is served on http://localhost, where a browser would not send such a cookie everywhere.
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

export class SessionSigner {
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;

  constructor(adminToken: string, now: () => number, random: (bytes: number) => Buffer = randomBytes) {
    this.#key = Buffer.from(hkdfSync('sha256', adminToken, '', 'switchgear session v1', 32));
    this.#now = now;
    this.#random = random;
  }

  /** A `Set-Cookie` value that opens a session. */
  issue(): string {
    const expiresAt = (this.#now() + SESSION_MS).toString(36);
    const payload = `${expiresAt}.${this.#random(NONCE_BYTES).toString('base64url')}`;
    const signature = this.#sign(payload).toString('base64url');
    return `${SESSION_COOKIE}=${payload}.${signature}; ${ATTRIBUTES}; Max-Age=${SESSION_MS / 1_000}`;
  }

  /** Whether a `Cookie` header carries a session that is ours and has not ended. */
  verify(cookieHeader: string | undefined): boolean {
    return valuesOf(cookieHeader).some((value) => this.#isValid(value));
  }

  #isValid(value: string): boolean {
    const [, expiresAt, nonce, signature] = VALUE.exec(value) ?? [];
    if (expiresAt === undefined || nonce === undefined || signature === undefined) return false;
    const expected = this.#sign(`${expiresAt}.${nonce}`);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    return Number.parseInt(expiresAt, 36) > this.#now();
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
