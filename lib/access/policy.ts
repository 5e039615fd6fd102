/**
 * Who may do what. The data plane takes API keys, the control plane the admin token or the console's session. What
 * has no secret to ask for is open on loopback, and then a web page must not be able to use the visitor's browser
 * as its hand: `Host` is checked against DNS rebinding, `Origin` and `Sec-Fetch-Site` against cross-site requests.
 */
import { isLoopback, isSameSite, normaliseName, parseHost } from '#lib/access/hosts.ts';
import type { LoginAttempts } from '#lib/access/login-attempts.ts';
import type { RevokedSessions } from '#lib/access/revoked-sessions.ts';
import { closingCookie, SessionSigner } from '#lib/access/session.ts';
import { bearerOf, type KeyFacts, SecretSet } from '#lib/access/tokens.ts';
import { SwitchgearError } from '#lib/errors.ts';

/** Headers that say from where a request comes, as they were sent. */
export interface SiteFacts {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  secFetchSite: string | undefined;
}

export interface DataFacts extends SiteFacts, KeyFacts {}

export interface ControlFacts extends SiteFacts {
  authorization: string | undefined;
  cookie: string | undefined;
  /** Whom wrong tokens are counted for. */
  address: string;
}

export type Credentials = Pick<ControlFacts, 'authorization' | 'cookie'>;

export type Login =
  | {
      kind: 'open';
      /** A `Set-Cookie` value. */
      cookie: string;
    }
  | { kind: 'refused'; refusal: SwitchgearError };

/** Who acted, for the audit: a bearer of the admin token, someone logged in to the console, or anyone on loopback. */
export type Actor = 'token' | 'console' | 'local';

export interface AccessOptions {
  /** The address that the server listens on. */
  host: string;
  port: number;
  adminToken: string | null;
  apiKeys: readonly string[];
  /** Milliseconds since the epoch. */
  now: () => number;
  revoked: RevokedSessions;
  attempts: LoginAttempts;
}

export class AccessPolicy {
  readonly #host: string;
  readonly #loopback: boolean;
  /** Host headers that need no parsing, because nearly all requests carry one of them. */
  readonly #usualHosts: ReadonlySet<string>;
  readonly #apiKeys: SecretSet;
  readonly #admin: { token: SecretSet; sessions: SessionSigner } | null;
  readonly #revoked: RevokedSessions;
  readonly #attempts: LoginAttempts;

  constructor({ host, port, adminToken, apiKeys, now, revoked, attempts }: AccessOptions) {
    this.#revoked = revoked;
    this.#attempts = attempts;
    this.#host = normaliseName(host);
    this.#loopback = isLoopback(host);
    this.#usualHosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
    this.#apiKeys = new SecretSet(apiKeys);
    this.#admin =
      adminToken === null
        ? null
        : { token: new SecretSet([adminToken]), sessions: new SessionSigner({ adminToken, now, revoked }) };
  }

  /** Whether the control plane asks for the admin token or a session. */
  get tokenRequired(): boolean {
    return this.#admin !== null;
  }

  /** Admits a data-plane request (null) or says why not: `unauthorized` or `forbidden`. Any key that is ours will do. */
  checkData(facts: DataFacts): SwitchgearError | null {
    if (this.#apiKeys.size === 0) return this.#checkHost(facts) ?? checkOrigin(facts);
    if (this.#apiKeys.hasOneOf(facts)) return null;
    return new SwitchgearError(
      'unauthorized',
      'A valid API key is needed: Authorization: Bearer <key>, or x-api-key, api-key, x-goog-api-key',
    );
  }

  /** Whether a client sent the admin token where a key for an upstream would stand. It must go nowhere else. */
  hasAdminToken(facts: KeyFacts): boolean {
    return this.#admin?.token.hasOneOf(facts) ?? false;
  }

  /**
   * Admits a request to the control plane or a page (null) or says why not: `unauthorized`, `forbidden`, or
   * `rate_limit_exceeded` while its address must not try another token.
   */
  checkControl(facts: ControlFacts): SwitchgearError | null {
    if (this.#admin === null) return this.#checkHost(facts) ?? checkOrigin(facts);
    const token = bearerOf(facts.authorization);
    const waitMs = token === null ? 0 : this.#attempts.waitMs(facts.address);
    if (token !== null && waitMs === 0) {
      if (this.#admin.token.has(token)) {
        this.#attempts.proved(facts.address);
        return null;
      }
      this.#attempts.failed(facts.address);
    }
    if (this.#admin.sessions.verify(facts.cookie)) return checkSessionOrigin(facts);
    if (waitMs > 0) return tooManyTries(waitMs);
    return new SwitchgearError('unauthorized', 'The admin token or a console session is needed');
  }

  /** The checks that hold where no token is asked for, such as at the login. */
  checkSite(facts: SiteFacts): SwitchgearError | null {
    return (this.#admin === null ? this.#checkHost(facts) : null) ?? checkOrigin(facts);
  }

  /**
   * Opens a console session for the admin token; any other is `unauthorized`, and after some of them
   * `rate_limit_exceeded`.
   */
  openSession(token: string, address: string): Login {
    const waitMs = this.#attempts.waitMs(address);
    if (waitMs > 0) return { kind: 'refused', refusal: tooManyTries(waitMs) };
    if (this.#admin?.token.has(token)) {
      this.#attempts.loggedIn(address);
      return { kind: 'open', cookie: this.#admin.sessions.issue() };
    }
    this.#attempts.failed(address);
    return {
      kind: 'refused',
      refusal: new SwitchgearError('unauthorized', 'That is not the admin token'),
    };
  }

  /** Ends the sessions of a `Cookie` header, wherever they are used. @returns a `Set-Cookie` value for this browser */
  closeSession(cookie: string | undefined): string {
    for (const session of this.#admin?.sessions.openIn(cookie) ?? []) this.#revoked.end(session);
    return closingCookie();
  }

  /** Whether credentials that were good once are so still; wrong ones are not counted. */
  admits(credentials: Credentials): boolean {
    return this.#admin === null || this.#proofOf(credentials) !== null;
  }

  /** Who makes an admitted request. */
  actorOf(credentials: Credentials): Actor {
    return this.#proofOf(credentials) ?? 'local';
  }

  #proofOf({ authorization, cookie }: Credentials): 'token' | 'console' | null {
    const token = bearerOf(authorization);
    if (token !== null && this.#admin?.token.has(token)) return 'token';
    return this.#admin?.sessions.verify(cookie) ? 'console' : null;
  }

  #checkHost({ host }: SiteFacts): SwitchgearError | null {
    if (!this.#loopback || (host !== undefined && this.#usualHosts.has(host))) return null;
    const name = parseHost(host)?.name;
    if (name !== undefined && (name === this.#host || isLoopback(name))) return null;
    return new SwitchgearError('forbidden', 'The Host header does not name this server');
  }
}

function checkOrigin({ method, host, origin, secFetchSite }: SiteFacts): SwitchgearError | null {
  if (!isMutating(method)) return null;
  if (origin === undefined) return secFetchSite === 'cross-site' ? crossSite() : null;
  return isSameSite(origin, host) ? null : crossSite();
}

/** A browser sends the cookie by itself, so here the request must prove that the console made it. */
function checkSessionOrigin(facts: SiteFacts): SwitchgearError | null {
  const { method, origin, secFetchSite } = facts;
  if (!isMutating(method)) return null;
  if (origin !== undefined) return checkOrigin(facts);
  return secFetchSite === 'same-origin' || secFetchSite === 'none' ? null : crossSite();
}

function isMutating(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

function tooManyTries(retryAfterMs: number): SwitchgearError {
  return new SwitchgearError('rate_limit_exceeded', 'Too many wrong tokens; try again later', {
    retryAfterMs: Math.ceil(retryAfterMs),
  });
}

function crossSite(): SwitchgearError {
  return new SwitchgearError('forbidden', 'Requests from another site may not change anything here');
}
