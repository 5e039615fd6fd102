/** Which headers cross the gateway, in each direction. */
import { isCredential } from '#lib/gateway/credential-headers.ts';
import type { ResponseHeaders } from '#lib/upstream/call.ts';

/** RFC 9110, 7.6.1, and the older names that are still seen. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Ours, or this hop's, or the console's: never an upstream's business. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  'accept-encoding',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'http2-settings',
  'origin',
  'referer',
  'x-request-id',
]);

/** Set by us, or policies that an upstream may not set for this origin. */
const NOT_RETURNED = new Set([
  ...HOP_BY_HOP,
  'age',
  'alt-svc',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'server-timing',
  'set-cookie',
  'strict-transport-security',
  'x-accel-buffering',
  'x-cache',
]);

/**
 * Request headers for an upstream, flat. The client's credentials, in whatever header they came, go on only where they
 * were not meant for us (`forwardCredentials`) and the upstream has no key of ours.
 * @param options.authorization the upstream's own, or null
 */
export function upstreamHeaders(
  rawHeaders: readonly string[],
  options: { requestId: string; authorization: string | null; forwardCredentials: boolean },
): string[] {
  const forwardCredentials = options.forwardCredentials && options.authorization === null;
  const named = connectionNames(headerOf(rawHeaders, 'connection'));
  const headers = ['content-type', 'application/json', 'x-request-id', options.requestId];
  let { authorization } = options;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (name === 'authorization' && forwardCredentials) authorization ??= value;
    if (NOT_FORWARDED.has(name) || named?.has(name) === true || isOfBrowserOrOurs(name)) continue;
    if (!forwardCredentials && isCredential(name)) continue;
    headers.push(name, value);
  }
  if (authorization !== null) headers.push('authorization', authorization);
  return headers;
}

function isOfBrowserOrOurs(name: string): boolean {
  return name.startsWith('sec-') || name.startsWith('x-switchgear-');
}

/** Response headers for the client, flat, without those of the hop, of the body's form, and those that we set. */
export function clientHeaders(headers: ResponseHeaders): string[] {
  const named = connectionNames(headers.connection);
  const kept: string[] = [];
  for (const name in headers) {
    if (NOT_RETURNED.has(name) || named?.has(name) === true) continue;
    if (name.startsWith('access-control-') || name.startsWith('x-switchgear-')) continue;
    const value = headers[name];
    const target = name === 'x-request-id' ? 'x-upstream-request-id' : name;
    if (typeof value === 'string') kept.push(target, value);
    else if (value !== undefined) for (const each of value) kept.push(target, each);
  }
  return kept;
}

function connectionNames(value: string | string[] | undefined): Set<string> | null {
  if (value === undefined || value === 'keep-alive' || value === 'close') return null;
  return new Set(
    String(value)
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  );
}

function headerOf(rawHeaders: readonly string[], wanted: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] ?? '').toLowerCase() !== wanted) continue;
    found = found === undefined ? rawHeaders[i + 1] : `${found},${rawHeaders[i + 1]}`;
  }
  return found;
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** The client's request id when it is printable and short, else a new one. */
export function requestIdOf(given: string | string[] | undefined, mint: () => string): string {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : mint();
}
