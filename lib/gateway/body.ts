/** Reads a request body whole, within a limit. */
import type { IncomingMessage } from 'node:http';
import { SwitchgearError } from '#lib/errors.ts';

/**
 * The body's bytes.
 * @throws SwitchgearError `body_too_large` once the limit is passed (the rest is not read), `client_closed` when the
 *   client leaves before its end.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => collectBody(req, maxBytes, resolve, reject));
}

/** As `readBody`, told at once, with no turn of the event loop in between. Neither may throw. */
export function collectBody(
  req: IncomingMessage,
  maxBytes: number,
  done: (bytes: Buffer) => void,
  failed: (error: SwitchgearError) => void,
): void {
  const declared = Number(req.headers['content-length']);
  if (declared > maxBytes) {
    failed(tooLarge(maxBytes));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;
  const fail = (error: SwitchgearError) => {
    if (isOver) return;
    isOver = true;
    failed(error);
  };
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) {
      // Node reads and drops the rest, so that the client gets to see the answer.
      req.removeAllListeners('data');
      req.resume();
      fail(tooLarge(maxBytes));
      return;
    }
    chunks.push(chunk);
  });
  req.on('end', () => {
    if (isOver) return;
    isOver = true;
    done(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  });
  req.on('error', () => fail(gone()));
  req.on('close', () => {
    if (!req.complete) fail(gone());
  });
}

function tooLarge(maxBytes: number): SwitchgearError {
  return new SwitchgearError('body_too_large', `The request body is larger than ${maxBytes} bytes`);
}

function gone(): SwitchgearError {
  return new SwitchgearError('client_closed', 'The client left before its request was complete');
}
