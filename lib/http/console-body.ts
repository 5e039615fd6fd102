/**
 * Bodies for the console and the control plane. Next queues a request's body as fast as it comes, whatever its handler
 * takes of it, so it is read here first, within the limits of all, and handed to Next whole.
 */
import { IncomingMessage, type ServerResponse } from 'node:http';
import { collectBody } from '#lib/http/body.ts';
import { sendRefusal } from '#lib/http/refusal.ts';
import type { RequestBodies } from '#lib/http/request-bodies.ts';

/** The largest that any call of the control plane takes: an import of usage. Most take far less, and say so. */
export const MAX_CONSOLE_BODY_BYTES = 20_000_000;

/** Calls `handle` with the request, or with one like it whose body is here; what is refused is answered. */
export function withConsoleBody(
  req: IncomingMessage,
  res: ServerResponse,
  bodies: RequestBodies,
  handle: (req: IncomingMessage) => void,
): void {
  if (!hasBody(req)) {
    handle(req);
    return;
  }
  collectBody(
    req,
    res,
    { bodies, maxBytes: MAX_CONSOLE_BODY_BYTES },
    (bytes) => handle(withBytes(req, bytes)),
    (error) => {
      if (!res.destroyed) sendRefusal(res, error);
    },
  );
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The same request, to be read anew. */
function withBytes(req: IncomingMessage, bytes: Buffer): IncomingMessage {
  const copy = new IncomingMessage(req.socket);
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders, headers } = req;
  Object.assign(copy, { method, url, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders, headers });
  copy.complete = true;
  copy.push(bytes);
  copy.push(null);
  return copy;
}
