/** What a browser may do with an answer of the console. */

/** An answer that is no page: nothing at all. */
export const DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A page: only scripts that carry the nonce, and what they load. Next puts the nonce on all that it writes when it finds
 * it in the request's own `content-security-policy`.
 *
 * Styles may stand in attributes: React writes `style={…}` into the HTML that way, and Radix and Recharts place with
 * it. Whole style elements need the nonce.
 * @param nonce new for each answer
 * @param dev React and the reloading of `npm run dev` use `eval`, and write styles of their own
 */
export function pagePolicy(nonce: string, dev: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}`,
    dev ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
