/**
 * Headers and query parameters that carry a caller's credential, by their names: one that contains any of the words
 * below, unless the header is known to be harmless (`idempotency-key`). Names of credentials cannot be listed, every
 * provider and proxy makes its own; a header that only looks like one is kept from upstreams that have a key of ours,
 * which is the lesser harm.
 */
import { isHarmless } from '#lib/gateway/harmless-headers.ts';

const LOOKS_LIKE_ONE =
  /key|token|secret|auth|credential|passw|session|signature|cookie|jwt|bearer|assertion|cert|dpop/;
/** Whose account is charged. It is no secret, so it goes upstream, but callers that differ in it are two. */
const ACCOUNT: ReadonlySet<string> = new Set([
  'openai-organization',
  'openai-project',
  'x-goog-user-project',
]);

/** @param name of a header, in lower case */
export function isCredential(name: string): boolean {
  return LOOKS_LIKE_ONE.test(name) && !isHarmless(name);
}

/** Whether a header says who asks, and not what. @param name in lower case */
export function saysWho(name: string): boolean {
  return isCredential(name) || ACCOUNT.has(name);
}

/** A request target without the parameters of its query that look like a credential (`?key=…`). */
export function withoutCredentials(target: string): string {
  const mark = target.indexOf('?');
  if (mark === -1) return target;
  const kept = target
    .slice(mark + 1)
    .split('&')
    .filter((pair) => !isCredential(parameterName(pair)));
  return kept.length === 0 ? target.slice(0, mark) : `${target.slice(0, mark)}?${kept.join('&')}`;
}

function parameterName(pair: string): string {
  const [name = ''] = pair.split('=', 1);
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).toLowerCase();
  } catch {
    // What cannot be read may be anything.
    return 'credential';
  }
}
