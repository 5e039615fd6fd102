/** An HTTP upstream down at its sockets, for ends that a proper server would not make. */
import net, { type AddressInfo, type Socket } from 'node:net';

export interface TcpRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Counts connections from 0, and requests on this one from 0. */
  readonly connection: number;
  readonly nth: number;
}

export type TcpScript = (request: TcpRequest, socket: Socket) => void;

export class TcpUpstream {
  readonly seen: TcpRequest[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: net.Server;

  private constructor(script: TcpScript) {
    this.#server = net.createServer({ noDelay: true }, (socket) => {
      const connection = this.sockets.push(socket) - 1;
      let nth = 0;
      let text = '';
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        const length = lengthOf(text);
        if (length === null) return;
        const request = text.slice(0, length);
        text = text.slice(length);
        const [method = '', path = ''] = request.split(' ', 2);
        const body = request.slice(request.indexOf('\r\n\r\n') + 4);
        const seen = { method, path, body, connection, nth };
        nth += 1;
        this.seen.push(seen);
        script(seen, socket);
      });
    });
  }

  static async start(script: TcpScript): Promise<TcpUpstream> {
    const upstream = new TcpUpstream(script);
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Of the first request, once it is there whole. */
function lengthOf(text: string): number | null {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return null;
  if (/^transfer-encoding: chunked/im.test(text.slice(0, head))) {
    const end = text.indexOf('\r\n0\r\n\r\n', head);
    return end === -1 ? null : end + 7;
  }
  const length = head + 4 + Number(/^content-length: (\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length < length ? null : length;
}

/** A whole answer on a connection that stays, as far as its client is told. */
export function answer(socket: Socket, body: unknown): void {
  const text = JSON.stringify(body);
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
