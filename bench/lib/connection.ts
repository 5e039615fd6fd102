/**
 * One keep-alive connection with one request in flight, over a plain socket. Node's own HTTP clients take so much of
 * a core that on a small machine they, and not the target, set the pace.
 */
import { connect, type Socket } from 'node:net';
import { type FramedResponse, frameResponse } from './http-framing.ts';

/** `status` of the answer, or null with the `error` when none came. */
export type Outcome = { status: number; error: null } | { status: null; error: string };

export class Connection {
  readonly #port: number;
  #socket: Socket | null = null;
  #pending = '';
  #done: ((outcome: Outcome) => void) | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a whole request; `done` is called once. The one before must be done. */
  send(request: Buffer, done: (outcome: Outcome) => void): void {
    this.#done = done;
    this.#socket ??= this.#open();
    this.#socket.write(request);
  }

  /** Gives up on an answer that is still awaited: its `done` is called with an error. */
  close(): void {
    this.#drop('given up');
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(socket, text));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(socket, error.code ?? error.message));
    socket.on('close', () => this.#lost(socket, 'closed'));
    return socket;
  }

  #take(socket: Socket, text: string): void {
    if (socket !== this.#socket) return;
    this.#pending = this.#pending === '' ? text : this.#pending + text;
    let response: FramedResponse | null;
    try {
      response = frameResponse(this.#pending);
    } catch (thrown) {
      this.#drop(thrown instanceof Error ? thrown.message : String(thrown));
      return;
    }
    if (response === null) return;
    this.#pending = this.#pending.slice(response.length);
    if (response.closes) this.#forget();
    this.#finish({ status: response.status, error: null });
  }

  #lost(socket: Socket, error: string): void {
    if (socket === this.#socket) this.#drop(error);
  }

  #drop(error: string): void {
    this.#forget();
    this.#finish({ status: null, error });
  }

  #forget(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#pending = '';
    socket?.destroy();
  }

  #finish(outcome: Outcome): void {
    const done = this.#done;
    this.#done = null;
    done?.(outcome);
  }
}
