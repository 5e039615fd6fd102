/**
 * The door of everything but the data plane: console pages, their assets, and the control plane. What needs no token
 * is a list of exact paths and methods; every other spelling of any path needs one, so no trick of encoding leads
 * round the door.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DATA_POLICY, pagePolicy } from '#lib/access/content-security-policy.ts';
import { nextPathOf } from '#lib/access/next-path.ts';
import type { AccessPolicy, ControlFacts } from '#lib/access/policy.ts';
import { SwitchgearError } from '#lib/errors.ts';
import { ADDRESS_HEADER, clientAddressOf } from '#lib/http/client-address.ts';
import { sendRefusal } from '#lib/http/refusal.ts';

// Methods matter: Next runs server actions that are posted to any page, so a page is public for reading only.
const PUBLIC = new Set([
  'GET /favicon.ico',
  'GET /login',
  'GET /api/health/live',
  'GET /api/health/ready',
  'POST /api/session',
  'DELETE /api/session',
]);
/** Built assets, without dot segments, empty segments, or encodings other than those of brackets, @, ( and ). */
const STATIC_ASSET = /^\/_next\/static(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~@()[\]+,-]|%5[BD]|%40|%2[89])+)+$/i;

const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'same-origin'],
  ['x-frame-options', 'DENY'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  [
    'permissions-policy',
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()',
  ],
];
const NONCE_BYTES = 16;

export interface GuardOptions {
  /** Whether pages come from `npm run dev`, which needs more than a build does. */
  dev?: boolean;
}

/**
 * Lets a request through (true), or answers it itself (false): 401, 403 or 429 with the control plane's envelope, or for
 * a page without a session 302 to the login. Sets the console's security headers either way, and in the request what
 * those behind it go by: the nonce of a page's scripts, and the client's address.
 */
export function guardConsole(
  access: AccessPolicy,
  req: IncomingMessage,
  res: ServerResponse,
  { dev = false }: GuardOptions = {},
): boolean {
  secure(req, res, dev);
  const method = req.method ?? 'GET';
  const target = req.url ?? '/';
  const malformed = malformation(method, target);
  if (malformed !== null) {
    sendRefusal(res, malformed);
    return false;
  }
  const facts = factsOf(req, method);
  if (isPublic(method, target)) {
    const refusal = access.checkSite(facts);
    if (refusal !== null) sendRefusal(res, refusal);
    return refusal === null;
  }
  const refusal = access.checkControl(facts);
  if (refusal === null) return true;
  if (refusal.code === 'unauthorized' && isReading(method) && !isApi(target)) redirectToLogin(res, target);
  else sendRefusal(res, refusal);
  return false;
}

function secure(req: IncomingMessage, res: ServerResponse, dev: boolean): void {
  for (const [name, value] of SECURITY_HEADERS) res.setHeader(name, value);
  const target = req.url ?? '/';
  const isPage = !isApi(target) && !STATIC_ASSET.test(pathOf(target));
  const policy = isPage ? pagePolicy(randomBytes(NONCE_BYTES).toString('base64'), dev) : DATA_POLICY;
  res.setHeader('content-security-policy', policy);
  // Next looks for the nonce here; a client may not choose it.
  delete req.headers['content-security-policy-report-only'];
  req.headers['content-security-policy'] = policy;
  req.headers[ADDRESS_HEADER] = clientAddressOf(req);
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What Next would answer with an error of its own making. */
function malformation(method: string, target: string): SwitchgearError | null {
  if (!METHODS.has(method)) return new SwitchgearError('method_not_allowed', `${method} is not allowed here`);
  try {
    decodeURIComponent(target);
    return null;
  } catch {
    return new SwitchgearError('bad_request', 'The path is not valid UTF-8 after percent-decoding');
  }
}

function isPublic(method: string, target: string): boolean {
  const path = pathOf(target);
  const verb = method === 'HEAD' ? 'GET' : method;
  return PUBLIC.has(`${verb} ${path}`) || (verb === 'GET' && STATIC_ASSET.test(path));
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** Whether a caller expects the envelope and not a page. Only the form of a refusal hangs on this. */
function isApi(target: string): boolean {
  const path = plainPath(target);
  return path === '/api' || path.startsWith('/api/') || path === '/metrics' || path.startsWith('/metrics/');
}

/** Decoded, with single slashes, in lower case, dot segments resolved, without the query. */
function plainPath(target: string): string {
  const path = (target.split(/[?#]/, 1)[0] ?? '').replace(/^https?:\/\/[^/]*/i, '');
  const decoded = path.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const segments: string[] = [];
  for (const segment of decoded.toLowerCase().split(/[/\\]+/)) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

function factsOf(req: IncomingMessage, method: string): ControlFacts {
  const { headers } = req;
  const site = headers['sec-fetch-site'];
  return {
    method,
    host: headers.host,
    origin: headers.origin,
    authorization: headers.authorization,
    cookie: headers.cookie,
    secFetchSite: Array.isArray(site) ? site[0] : site,
    address: clientAddressOf(req),
  };
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function redirectToLogin(res: ServerResponse, target: string): void {
  const next = encodeURIComponent(nextPathOf(target.toWellFormed()));
  res.writeHead(302, { location: `/login?next=${next}`, 'cache-control': 'no-store' }).end();
}
