/** A drain is over when every byte of every answer has left, or at its deadline; over real sockets. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer, drain, listen } from '#lib/http/server.ts';
import { until } from '../support/until.ts';

/** More than the kernel takes for a client that does not read. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<Server> {
  const server = createHttpServer(handler);
  await listen(server, '127.0.0.1', 0);
  closers.push(() => server.closeAllConnections());
  return server;
}

/** A client that reads only when told to. */
class Client {
  readonly socket: net.Socket;
  readonly closed: Promise<void>;
  bytes = 0;
  head = '';
  error: string | null = null;

  constructor(server: Server, text: string) {
    const { port } = server.address() as AddressInfo;
    this.socket = net.connect(port, '127.0.0.1', () => this.socket.write(text));
    this.socket.pause();
    this.socket.on('data', (chunk) => {
      if (this.head.length < 200) this.head += chunk.toString('latin1', 0, 200);
      this.bytes += chunk.length;
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    closers.push(() => this.socket.destroy());
  }

  /** All there is until the end. */
  async readAll(): Promise<{ body: number; error: string | null }> {
    this.socket.resume();
    await this.closed;
    return { body: this.bytes - this.head.indexOf('\r\n\r\n') - 4, error: this.error };
  }
}

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

describe('a drain', () => {
  it('lets clients that read slowly have all of an answer that is ended already', async () => {
    let ended = 0;
    const server = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': LARGE.length });
      res.end(LARGE);
      ended += 1;
    });
    const clients = [1, 2, 3].map(() => new Client(server, get()));
    await until(() => ended === 3);
    const drained = drain(server);
    await until(() => !server.listening);
    for (const client of clients) expect(await client.readAll()).toEqual({ body: LARGE.length, error: null });
    expect(await drained).toBe(true);
  });

  it('waits for answers that have not begun, and says on them that the connection ends', async () => {
    const held: ServerResponse[] = [];
    const server = await serve((_req, res) => void held.push(res));
    const client = new Client(server, get());
    await until(() => held.length === 1);
    const drained = drain(server);
    await until(() => !server.listening);
    held[0]?.writeHead(200, { 'content-length': LARGE.length });
    held[0]?.end(LARGE);
    expect(await client.readAll()).toEqual({ body: LARGE.length, error: null });
    expect(client.head).toMatch(/connection: close/i);
    expect(await drained).toBe(true);
  });

  it('resets nothing away when more requests lie unread', async () => {
    const paths: (string | undefined)[] = [];
    const server = await serve((req, res) => {
      paths.push(req.url);
      res.writeHead(200, { 'content-length': LARGE.length });
      res.end(LARGE);
    });
    const client = new Client(server, get('/first'));
    await until(() => paths.length === 1);
    const drained = drain(server);
    await until(() => !server.listening);
    client.socket.write(
      `POST /late HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n${'y'.repeat(100_000)}`,
    );
    const { body, error } = await client.readAll();
    expect(body).toBeGreaterThanOrEqual(LARGE.length);
    expect(error).toBeNull();
    expect(await drained).toBe(true);
  });

  it('ends idle connections, and asks nobody for what comes on them after', async () => {
    let asked = 0;
    const server = await serve((_req, res) => {
      asked += 1;
      res.end('ok');
    });
    const client = new Client(server, get());
    client.socket.resume();
    const ended = new Promise((resolve) => client.socket.once('end', resolve));
    await until(() => client.bytes > 0);
    client.socket.allowHalfOpen = true;
    const drained = drain(server);
    await ended;
    client.socket.end(get('/late'));
    await client.closed;
    expect([await drained, asked, client.error]).toEqual([true, 1, null]);
  });

  it('does not wait for a stalled client beyond the deadline, and says so', async () => {
    let ended = 0;
    const server = await serve((_req, res) => {
      res.end(LARGE);
      ended += 1;
    });
    const client = new Client(server, get());
    await until(() => ended === 1);
    expect(await drain(server, 100)).toBe(false);
    expect((await client.readAll()).body).toBeLessThan(LARGE.length);
  });
});

describe('a refusal of what is no request', () => {
  it('reaches a client that is still sending', async () => {
    const server = await serve((_req, res) => res.end());
    const client = new Client(
      server,
      `GET / HTTP/1.1\r\nhost: x\r\nx-pad: ${'x'.repeat(8 * 1024 * 1024)}\r\n\r\n`,
    );
    await client.readAll();
    expect([client.head.slice(0, 12), client.error]).toEqual(['HTTP/1.1 431', null]);
  });
});
