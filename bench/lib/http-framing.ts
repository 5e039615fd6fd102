/** Finds the end of an HTTP/1.1 answer: what a load generator needs of a parser, and no more. */

export interface FramedResponse {
  status: number;
  /** Length of head and body together, in bytes. */
  length: number;
  /** The server closes the connection after this answer. */
  closes: boolean;
}

/**
 * The answer at the start of `bytes`, framed by `content-length` or chunks (RFC 9112, section 6).
 *
 * @param bytes latin1, so that a character is a byte
 * @returns null while it is incomplete
 * @throws Error when it is not framed in either way, or not HTTP
 */
export function frameResponse(bytes: string): FramedResponse | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = bytes.slice(0, headEnd).toLowerCase();
  const status = Number(head.slice(9, 12));
  if (!head.startsWith('http/1.') || !Number.isInteger(status)) throw new Error('not an HTTP/1.1 answer');
  const bodyStart = headEnd + 4;
  const length = fixedEnd(head, bodyStart) ?? chunkedEnd(head, bytes, bodyStart);
  if (length === null || length > bytes.length) return null;
  return { status, length, closes: head.includes('\r\nconnection: close') };
}

function fixedEnd(head: string, bodyStart: number): number | null {
  const at = head.indexOf('\r\ncontent-length:');
  return at === -1 ? null : bodyStart + Number.parseInt(head.slice(at + 17), 10);
}

function chunkedEnd(head: string, bytes: string, bodyStart: number): number | null {
  if (!/\r\ntransfer-encoding: *chunked/.test(head)) throw new Error('an answer without a length');
  let at = bodyStart;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.slice(at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    // The last chunk has no data, and no trailers here: only the empty line is left.
    at = lineEnd + 2 + size + 2;
    if (size === 0) return at;
    if (at > bytes.length) return null;
  }
}
