/**
 * The least pace of a request's body, whoever reads it: in every window of ten seconds ten kilobytes, or its end. A
 * window holds both rules, a mean rate and no long silence, and no fast beginning pays for a slow rest. One timer looks
 * at all connections once a second, so that a request costs nothing here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { SwitchgearError } from '#lib/errors.ts';

export interface Pace {
  readonly windowMs: number;
  readonly leastBytesPerS: number;
}

/** A modem's: 8 kbit/s. A whole request has a limit of its own. */
export const LEAST_PACE: Pace = { windowMs: 10_000, leastBytesPerS: 1_000 };

export const SLOW_BODY = new SwitchgearError('request_timeout', 'The request body came too slowly');

/** Of a body on its way. */
interface Mark {
  readonly req: IncomingMessage;
  bytes: number;
  sinceMs: number;
}

/** What a connection is asked. */
type Connection = Pick<Socket, 'bytesRead'>;

export class PaceWatch<C extends Connection = Socket> {
  readonly #pace: Pace;
  readonly #answerOf: (connection: C) => ServerResponse | undefined;
  readonly #onSlow: (req: IncomingMessage, res: ServerResponse) => void;
  /** Null while no body is on its way; as many as there are connections. */
  readonly #marks = new Map<C, Mark | null>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  /** @param answerOf the last answer that was begun on a connection */
  constructor(
    pace: Pace,
    answerOf: (connection: C) => ServerResponse | undefined,
    onSlow: (req: IncomingMessage, res: ServerResponse) => void,
  ) {
    this.#pace = pace;
    this.#answerOf = answerOf;
    this.#onSlow = onSlow;
  }

  add(connection: C): void {
    this.#marks.set(connection, null);
  }

  remove(connection: C): void {
    this.#marks.delete(connection);
  }

  /** @param nowMs monotonic */
  look(nowMs: number): void {
    // An event loop that was busy has read nothing, whatever clients sent.
    const wasBusy = nowMs - this.#lookedAtMs > this.#pace.windowMs / 2;
    this.#lookedAtMs = nowMs;
    for (const [connection, mark] of this.#marks) {
      const res = this.#answerOf(connection);
      const req = res?.req;
      if (res === undefined || req === undefined || req.complete) {
        if (mark !== null) this.#marks.set(connection, null);
      } else if (mark?.req !== req) {
        this.#marks.set(connection, { req, bytes: connection.bytesRead, sinceMs: nowMs });
      } else if (wasBusy || req.readableLength > 0) {
        // It has sent more than was read: whoever reads is late, not the client.
        mark.bytes = connection.bytesRead;
        mark.sinceMs = nowMs;
      } else if (nowMs - mark.sinceMs >= this.#pace.windowMs) {
        const least = (this.#pace.leastBytesPerS * (nowMs - mark.sinceMs)) / 1_000;
        if (connection.bytesRead - mark.bytes < least) this.#onSlow(req, res);
        mark.bytes = connection.bytesRead;
        mark.sinceMs = nowMs;
      }
    }
  }
}
