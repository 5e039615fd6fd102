/** Bearer tokens and how they are compared. */
import { hash, timingSafeEqual } from 'node:crypto';

/** The token of an `Authorization: Bearer` header, or null. */
export function bearerOf(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}

/** A set of secrets kept as digests, so that comparing takes the same time whatever was sent. */
export class SecretSet {
  readonly #digests: readonly Buffer[];

  constructor(secrets: readonly string[]) {
    this.#digests = secrets.map(digestOf);
  }

  get size(): number {
    return this.#digests.length;
  }

  /** Whether the set has this secret. All members are compared, found or not. */
  has(secret: string): boolean {
    const given = digestOf(secret);
    let found = 0;
    for (const digest of this.#digests) found |= Number(timingSafeEqual(digest, given));
    return found === 1;
  }
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
