/** Where tokens and keys stand in a request, and how they are compared. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The headers in which clients send a key, each in the way of some provider. */
export interface KeyFacts {
  authorization: string | undefined;
  xApiKey: string | undefined;
  apiKey: string | undefined;
  googleApiKey: string | undefined;
}

export function keyFactsOf(headers: IncomingHttpHeaders): KeyFacts {
  return {
    authorization: headers.authorization,
    xApiKey: textOf(headers['x-api-key']),
    apiKey: textOf(headers['api-key']),
    googleApiKey: textOf(headers['x-goog-api-key']),
  };
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

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

  /** Whether any of a request's keys is in the set. */
  hasOneOf({ authorization, xApiKey, apiKey, googleApiKey }: KeyFacts): boolean {
    return (
      this.#hasGiven(bearerOf(authorization)) ||
      this.#hasGiven(xApiKey) ||
      this.#hasGiven(apiKey) ||
      this.#hasGiven(googleApiKey)
    );
  }

  #hasGiven(secret: string | null | undefined): boolean {
    return secret !== null && secret !== undefined && this.has(secret);
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
