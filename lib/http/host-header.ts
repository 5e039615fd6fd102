/**
 * RFC 9112, 3.2: a request has exactly one `Host`, and a target in absolute form names the same one. Node keeps the first
 * of several, where a proxy before us may have routed by the last; whatever is decided by `Host` must not hang on that.
 */
import type { IncomingMessage } from 'node:http';
import { SwitchgearError } from '#lib/errors.ts';

type Given = Pick<IncomingMessage, 'rawHeaders' | 'headers' | 'url' | 'httpVersion'>;

/** What is wrong with a request's host (`bad_request`), or null. */
export function hostFault({ rawHeaders, headers, url = '/', httpVersion }: Given): SwitchgearError | null {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) return fault('The request has more than one Host header');
  if (hosts === 0 && httpVersion !== '1.0') return fault('The request has no Host header');
  if (url.startsWith('/') || hosts === 0) return null;
  const authority = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority === undefined || authority.toLowerCase() === headers.host?.toLowerCase()) return null;
  return fault('The host of the request target is not that of the Host header');
}

function fault(message: string): SwitchgearError {
  return new SwitchgearError('bad_request', message);
}
