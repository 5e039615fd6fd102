/** The HTTP server itself: its limits, its answers to what is not HTTP, its orderly end. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { SwitchgearError } from '#lib/errors.ts';
import { hostFault } from '#lib/http/host-header.ts';
import { errorBody } from '#lib/protocols/errors.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

export interface ServerOptions {
  /** Whether upgrades are taken; without, an offer to upgrade (curl's h2c) is answered as a plain request. */
  upgrades?: boolean;
}

/** Longer than the idle time of common load balancers (60 s), so that they, not we, close a connection first. */
const KEEP_ALIVE_MS = 75_000;
/** A slow-loris has this long to send its headers, and any client this long to send its request whole. */
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 300_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** How long running requests have to end after SIGTERM. Kubernetes kills after 30 s by default. */
export const DRAIN_DEADLINE_MS = 25_000;
const DRAIN_POLL_MS = 20;

/** A server that answers with `handler`, and with JSON to whatever is not a proper request. */
export function createHttpServer(handler: Handler, { upgrades = false }: ServerOptions = {}): Server {
  /** What each connection was answered last. */
  const answering = new WeakMap<Duplex, ServerResponse>();
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Told by us, in words.
      requireHostHeader: false,
      shouldUpgradeCallback: (req) => upgrades && req.headers.upgrade?.toLowerCase() === 'websocket',
    },
    (req, res) => {
      // After `close()` a kept connection would wait for a request that must go elsewhere.
      if (!server.listening) res.shouldKeepAlive = false;
      answering.set(req.socket, res);
      const fault = hostFault(req);
      if (fault === null) handler(req, res);
      else refuse(res, fault);
    },
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // What goes into the middle of an answer would be taken for its next chunk.
    const answer = answering.get(socket);
    if (answer?.headersSent === true && !answer.writableFinished) socket.destroy();
    else answerClientError(error, socket);
  });
  return server;
}

/** Listens; rejects with the system's error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`). */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Stops accepting, lets running requests end, and closes what is left at the deadline. Answers whether all ended by
 * themselves.
 */
export async function drain(
  server: Server,
  running: () => number,
  deadlineMs: number = DRAIN_DEADLINE_MS,
): Promise<boolean> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const deadline = Date.now() + deadlineMs;
  while (running() > 0 && Date.now() < deadline) {
    server.closeIdleConnections();
    await delay(DRAIN_POLL_MS);
  }
  const clean = running() === 0;
  // What is left now is idle, or an event stream that would never end.
  server.closeAllConnections();
  await closed;
  return clean;
}

/** What follows on the connection is not to be trusted either. */
function refuse(res: ServerResponse, error: SwitchgearError): void {
  const body = JSON.stringify(errorBody('openai', error));
  res.writeHead(error.status, {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  res.end(body);
}

const CLIENT_ERRORS: Record<string, SwitchgearError> = {
  HPE_HEADER_OVERFLOW: new SwitchgearError(
    'headers_too_large',
    `The request's headers are larger than ${MAX_HEADER_BYTES} bytes`,
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new SwitchgearError('request_timeout', 'The request did not arrive in time'),
};
const MALFORMED = new SwitchgearError('bad_request', 'The request is not valid HTTP/1.1');

function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const told = CLIENT_ERRORS[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify(errorBody('openai', told));
  socket.end(
    `HTTP/1.1 ${told.status} ${STATUS_CODES[told.status]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `x-content-type-options: nosniff\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
