/**
 * Who may do what. The data plane takes API keys, the control plane the admin token or the console's session. What
 * has no secret to ask for is open on loopback, and then a web page must not be able to use the visitor's browser
 * as its hand: `Host` is checked against DNS rebinding, `Origin` and `Sec-Fetch-Site` against cross-site requests.
 */
import { isLoopback, isSameSite, normaliseName, parseHost } from '#lib/access/hosts.ts';
import { closingCookie, SessionSigner } from '#lib/access/session.ts';
import { bearerOf, SecretSet } from '#lib/access/tokens.ts';
import { SwitchgearError } from '#lib/errors.ts';

/** Headers that say from where a request comes, as they were sent. */
export interface SiteFacts {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  secFetchSite: string | undefined;
}

export interface DataFacts extends SiteFacts {
  authorization: string | undefined;
}

export interface ControlFacts extends DataFacts {
  cookie: string | undefined;
}

export type Credentials = Pick<ControlFacts, 'authorization' | 'cookie'>;

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
}

export class AccessPolicy {
  readonly #host: string;
  readonly #loopback: boolean;
  /** Host headers that need no parsing, because nearly all requests carry one of them. */
  readonly #usualHosts: ReadonlySet<string>;
  readonly #apiKeys: SecretSet;
  readonly #admin: { token: SecretSet; sessions: SessionSigner } | null;

  constructor({ host, port, adminToken, apiKeys, now }: AccessOptions) {
    this.#host = normaliseName(host);
    this.#loopback = isLoopback(host);
    this.#usualHosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
    this.#apiKeys = new SecretSet(apiKeys);
    this.#admin =
      adminToken === null
        ? null
        : { token: new SecretSet([adminToken]), sessions: new SessionSigner(adminToken, now) };
  }

  /** Whether the control plane asks for the admin token or a session. */
  get tokenRequired(): boolean {
    return this.#admin !== null;
  }

  /** Admits a data-plane request (null) or says why not: `unauthorized` or `forbidden`. */
  checkData(facts: DataFacts): SwitchgearError | null {
    if (this.#apiKeys.size === 0) return this.#checkHost(facts) ?? checkOrigin(facts);
    const key = bearerOf(facts.authorization);
    if (key !== null && this.#apiKeys.has(key)) return null;
    return new SwitchgearError('unauthorized', 'A valid API key is needed: Authorization: Bearer <key>');
  }

  /** Admits a request to the control plane or a page (null) or says why not: `unauthorized` or `forbidden`. */
  checkControl(facts: ControlFacts): SwitchgearError | null {
    if (this.#admin === null) return this.#checkHost(facts) ?? checkOrigin(facts);
    switch (this.#proofOf(facts)) {
      case 'token':
        return null;
      case 'console':
        return checkSessionOrigin(facts);
      case null:
        return new SwitchgearError('unauthorized', 'The admin token or a console session is needed');
    }
  }

  /** The checks that hold where no token is asked for, such as at the login. */
  checkSite(facts: SiteFacts): SwitchgearError | null {
    return (this.#admin === null ? this.#checkHost(facts) : null) ?? checkOrigin(facts);
  }

  /** Opens a console session for the admin token; null for any other token. `cookie` is a `Set-Cookie` value. */
  openSession(token: string): { cookie: string } | null {
    return this.#admin?.token.has(token) ? { cookie: this.#admin.sessions.issue() } : null;
  }

  /** A `Set-Cookie` value that ends the session in this browser. */
  closeSessionCookie(): string {
    return closingCookie();
  }

  /** Whether a page's visitor must log in first. */
  needsLogin(cookie: string | undefined, authorization: string | undefined): boolean {
    return this.#admin !== null && this.#proofOf({ cookie, authorization }) === null;
  }

  /** Who makes an admitted request. */
  actorOf(credentials: Credentials): Actor {
    return this.#proofOf(credentials) ?? 'local';
  }

  #proofOf({ authorization, cookie }: Credentials): 'token' | 'console' | null {
    if (this.#admin === null) return null;
    const token = bearerOf(authorization);
    if (token !== null && this.#admin.token.has(token)) return 'token';
    return this.#admin.sessions.verify(cookie) ? 'console' : null;
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

function crossSite(): SwitchgearError {
  return new SwitchgearError('forbidden', 'Requests from another site may not change anything here');
}
