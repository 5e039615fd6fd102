/** A server that speaks as much of Redis' protocol as a client needs to connect; the test writes its other answers. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** @returns the answer as it goes over the wire, such as `-LOADING …`; null leaves it to the defaults */
export type RedisScript = (name: string, args: readonly string[]) => string | null;

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}`;

const DEFAULTS: Record<string, (args: readonly string[]) => string> = {
  INFO: () => bulk('redis_version:0\r\nloading:0\r\n'),
  PING: () => '+PONG',
  GET: () => '$-1',
  MGET: (args) => `*${args.length}${'\r\n$-1'.repeat(args.length)}`,
  LRANGE: () => '*0',
  SCAN: () => `*2\r\n${bulk('0')}\r\n*0`,
  LPUSH: () => ':1',
  PUBLISH: () => ':0',
  SUBSCRIBE: ([channel = '']) => `*3\r\n${bulk('subscribe')}\r\n${bulk(channel)}\r\n:1`,
};

export class ScriptedRedis {
  readonly seen: string[] = [];
  script: RedisScript;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: RedisScript) {
    this.script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: RedisScript): Promise<ScriptedRedis> {
    const redis = new ScriptedRedis(script);
    redis.#server.listen(0, '127.0.0.1');
    await once(redis.#server, 'listening');
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let pending = '';
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      // Of a byte's width, as the lengths of the protocol count.
      pending += chunk.toString('latin1');
      for (let taken = commandIn(pending); taken !== null; taken = commandIn(pending)) {
        pending = pending.slice(taken.length);
        const [name = '', ...args] = taken.words;
        this.seen.push(name.toUpperCase());
        socket.write(`${this.#answer(name.toUpperCase(), args)}\r\n`);
      }
    });
  }

  #answer(name: string, args: readonly string[]): string {
    return this.script(name, args) ?? DEFAULTS[name]?.(args) ?? '+OK';
  }
}

/** The first whole command, an array of bulk strings, and how long it is; null while some of it is missing. */
function commandIn(text: string): { words: string[]; length: number } | null {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return null;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left -= 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) return null;
    const from = at + size[0].length;
    const to = from + Number(size[1]);
    if (text.length < to + 2) return null;
    words.push(text.slice(from, to));
    at = to + 2;
  }
  return { words, length: at };
}
