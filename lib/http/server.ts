/** The HTTP server itself: its limits, its answers to what is not HTTP, its orderly end. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { SwitchgearError } from '#lib/errors.ts';
import { LEAST_PACE, type Pace, PaceWatch, SLOW_BODY } from '#lib/http/body-pace.ts';
import { hostFault } from '#lib/http/host-header.ts';
import { linger, OpenConnections } from '#lib/http/open-connections.ts';
import { errorBody } from '#lib/protocols/errors.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

export interface ServerOptions {
  /** Whether upgrades are taken; without, an offer to upgrade (curl's h2c) is answered as a plain request. */
  upgrades?: boolean;
  /** What clients must send their bodies at. */
  pace?: Pace;
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
/** Looks at clients' pace in each of its windows. */
const LOOKS_PER_WINDOW = 10;

const connectionsOf = new WeakMap<Server, OpenConnections>();

/** A server that answers with `handler`, and with JSON to whatever is not a proper request. */
export function createHttpServer(
  handler: Handler,
  { upgrades = false, pace = LEAST_PACE }: ServerOptions = {},
): Server {
  const connections = new OpenConnections();
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
      // Sent before its client has seen our end: no answer would reach it, so nobody is asked for one.
      if (req.socket.writableEnded) return;
      connections.begin(req.socket, res);
      const fault = hostFault(req);
      if (fault === null) handler(req, res);
      else refuse(res, fault);
    },
  );
  connectionsOf.set(server, connections);
  server.on('connection', (socket) => connections.add(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // What goes into the middle of an answer would be taken for its next chunk.
    const answer = connections.answerOf(socket);
    if (answer?.headersSent === true && !answer.writableFinished) socket.destroy();
    else answerClientError(error, socket);
  });
  watchPace(server, pace, (socket) => connections.answerOf(socket));
  return server;
}

/** Closes connections whose request body comes too slowly, after the one that reads it has answered. */
function watchPace(
  server: Server,
  pace: Pace,
  answerOf: (socket: Socket) => ServerResponse | undefined,
): void {
  const watch = new PaceWatch(pace, answerOf, (req, res) => {
    // As Node tells of a socket's silence; without anybody to hear it the server answers itself.
    if (res.headersSent) req.socket.destroy();
    else if (!req.emit('timeout')) tellAndClose(req.socket, SLOW_BODY);
  });
  server.on('connection', (socket) => {
    watch.add(socket);
    socket.once('close', () => watch.remove(socket));
  });
  const timer = setInterval(() => watch.look(performance.now()), pace.windowMs / LOOKS_PER_WINDOW);
  timer.unref();
  server.once('close', () => clearInterval(timer));
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
 * Stops accepting, lets all that is being answered be written out to its client, and closes what is left at the
 * deadline. Answers whether nothing was cut short.
 * @param server of `createHttpServer`
 */
export async function drain(server: Server, deadlineMs: number = DRAIN_DEADLINE_MS): Promise<boolean> {
  const connections = connectionsOf.get(server) ?? new OpenConnections();
  // Node takes a connection for idle whose answer is ended but not written out, and `close` destroys what is idle.
  server.closeIdleConnections = () => {};
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.announceEnd();
  const deadline = performance.now() + deadlineMs;
  while (connections.size > 0 && performance.now() < deadline) {
    connections.endQuiet();
    await delay(DRAIN_POLL_MS);
  }
  const clean = connections.answering === 0;
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
  // Told already; the rest of what is no request is read, for a reset would overtake the answer.
  if (socket.writableEnded && !socket.destroyed && error.code !== 'ECONNRESET') return;
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  tellAndClose(socket, CLIENT_ERRORS[error.code ?? ''] ?? MALFORMED);
}

/** Without a response to speak through. */
function tellAndClose(socket: Duplex, told: SwitchgearError): void {
  const body = JSON.stringify(errorBody('openai', told));
  linger(
    socket,
    `HTTP/1.1 ${told.status} ${STATUS_CODES[told.status]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `x-content-type-options: nosniff\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
