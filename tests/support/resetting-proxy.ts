/** A TCP proxy in front of a server that resets connections: each new one, or one whose client says a certain word. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class ResettingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Whose bytes to the server match it is reset; `connect` resets before a byte was said. */
  trap: RegExp | 'connect' | null = null;
  /** Connections that were reset. */
  resets = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#pass(client, targetPort));
  }

  static async start(targetPort: number): Promise<ResettingProxy> {
    const proxy = new ResettingProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets all that are open. */
  resetAll(): void {
    for (const pair of [...this.#pairs]) this.#reset(pair);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.resetAll();
    await closed;
  }

  #pass(client: Socket, targetPort: number): void {
    const target = connect(targetPort, '127.0.0.1');
    const pair = [client, target] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => this.#reset(pair));
    }
    target.on('data', (chunk) => client.write(chunk));
    client.on('data', (chunk) => {
      if (this.trap instanceof RegExp && this.trap.test(chunk.toString('latin1'))) this.#reset(pair);
      else target.write(chunk);
    });
    if (this.trap === 'connect') this.#reset(pair);
  }

  #reset(pair: readonly [Socket, Socket]): void {
    if (!this.#pairs.delete(pair)) return;
    this.resets += 1;
    const [client, target] = pair;
    client.resetAndDestroy();
    target.destroy();
  }
}
