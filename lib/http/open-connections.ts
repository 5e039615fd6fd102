/**
 * The connections of a server, each with its last answer. One is closed once its answer is with the kernel and nothing
 * has come since the last look, and first by half: a socket that is closed while bytes of its client lie unread is reset,
 * and with it goes what the client has not got yet.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How long a client that was sent the end (FIN) has to end too. */
const LINGER_MS = 2_000;

interface Connection {
  answer: ServerResponse | null;
  /** Bytes that had come when it was looked at last. */
  seenBytes: number;
}

export class OpenConnections {
  readonly #open = new Map<Duplex, Connection>();

  get size(): number {
    return this.#open.size;
  }

  /** Connections whose answer is not written out. */
  get answering(): number {
    let count = 0;
    for (const [socket, { answer }] of this.#open) if (!isOut(socket, answer)) count += 1;
    return count;
  }

  add(socket: Socket): void {
    this.#open.set(socket, { answer: null, seenBytes: -1 });
    socket.once('close', () => this.#open.delete(socket));
  }

  begin(socket: Socket, answer: ServerResponse): void {
    const connection = this.#open.get(socket);
    if (connection !== undefined) connection.answer = answer;
  }

  answerOf(socket: Duplex): ServerResponse | undefined {
    return this.#open.get(socket)?.answer ?? undefined;
  }

  /** Whoever is answered from now on is told that the connection ends, and gets all of the answer first. */
  announceEnd(): void {
    for (const [socket, { answer }] of this.#open) {
      if (answer !== null && !answer.headersSent) answer.shouldKeepAlive = false;
      // What Node calls after the last answer; its own closes both halves.
      Object.assign(socket, { destroySoon: () => linger(socket) });
    }
  }

  /** Ends those on which nothing moves. */
  endQuiet(): void {
    for (const [socket, connection] of this.#open) {
      const bytesRead = 'bytesRead' in socket && typeof socket.bytesRead === 'number' ? socket.bytesRead : 0;
      const isStill = bytesRead === connection.seenBytes;
      connection.seenBytes = bytesRead;
      if (isStill && isOut(socket, connection.answer)) linger(socket);
    }
  }
}

/** Sends what is still to be written and the end, and closes when the client ends too or has had its time. */
export function linger(socket: Duplex, lastWords?: string): void {
  if (socket.writableEnded || socket.destroyed) return;
  socket.end(lastWords);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

function isOut(socket: Duplex, answer: ServerResponse | null): boolean {
  return (answer === null || answer.closed) && socket.writableLength === 0;
}
