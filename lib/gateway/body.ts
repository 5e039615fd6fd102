/** Reads a request body whole, within a limit. */
import type { IncomingMessage } from 'node:http';
import { SwitchgearError } from '#lib/errors.ts';

/**
 * The body's bytes.
 * @throws SwitchgearError `body_too_large` once the limit is passed (the rest is not read), `client_closed` when the
 *   client leaves before its end.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(req.headers['content-length']);
  if (declared > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        // Node reads and drops the rest, so that the client gets to see the answer.
        req.removeAllListeners('data');
        req.resume();
        reject(tooLarge(maxBytes));
        return;
      }
      chunks.push(chunk);
    });
    req.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    req.on('error', () => reject(gone()));
    req.on('close', () => {
      if (!req.complete) reject(gone());
    });
  });
}

function tooLarge(maxBytes: number): SwitchgearError {
  return new SwitchgearError('body_too_large', `The request body is larger than ${maxBytes} bytes`);
}

function gone(): SwitchgearError {
  return new SwitchgearError('client_closed', 'The client left before its request was complete');
}
