/** Names of hosts, as they stand in `Host` and `Origin` headers and in `listen.host`. */

export interface HostName {
  /** Lower case, without brackets and without the root's trailing dot. */
  name: string;
  port: number | null;
}

/** A DNS name has at most 253 characters; this leaves room for brackets and a port. */
const MAX_HOST_LENGTH = 270;
const LOOPBACK_IPV4 = /^127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{0,5}))?$/i;

/** Reads a `Host` header; null when it is missing or is no `name[:port]`. */
export function parseHost(header: string | undefined): HostName | null {
  if (header === undefined || header.length > MAX_HOST_LENGTH) return null;
  const match = HOST.exec(header);
  if (match === null) return null;
  const [, ipv6, name, port] = match;
  return { name: normaliseName(ipv6 ?? name ?? ''), port: port ? Number(port) : null };
}

/** The one spelling of a host's name, by which names are compared. */
export function normaliseName(name: string): string {
  const lower = name.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (lower.includes(':')) return canonicalIpv6(lower);
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** Whether a name can only mean this machine: `localhost` and what is below it (RFC 6761), 127.0.0.0/8, ::1. */
export function isLoopback(host: string): boolean {
  const name = normaliseName(host);
  if (name === 'localhost' || name === '::1') return true;
  return LOOPBACK_IPV4.test(name) || /^(?:[a-z0-9_-]+\.)+localhost$/.test(name);
}

/** Whether an `Origin` is the site that the `Host` header names. The scheme is left open: TLS may end before us. */
export function isSameSite(origin: string, host: string | undefined): boolean {
  const target = parseHost(host);
  const separator = origin.indexOf('://');
  if (target === null || separator === -1) return false;
  const scheme = origin.slice(0, separator).toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') return false;
  const source = parseHost(origin.slice(separator + 3));
  if (source === null) return false;
  const defaultPort = scheme === 'https' ? 443 : 80;
  return source.name === target.name && (source.port ?? defaultPort) === (target.port ?? defaultPort);
}

function canonicalIpv6(address: string): string {
  const url = URL.parse(`http://[${address}]`);
  return url === null ? address : url.hostname.slice(1, -1);
}
