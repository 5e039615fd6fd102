/** A real Redis server of its own on a free port, with everything in memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export class RedisServer {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #dir = mkdtempSync(join(tmpdir(), 'switchgear-redis-'));
  #process: ChildProcess | null = null;
  #client: Redis | null = null;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.run();
    return server;
  }

  /** A Sentinel that watches the master on that port. */
  static async startSentinel(name: string, masterPort: number): Promise<RedisServer> {
    const port = await freePort();
    const sentinel = new RedisServer(port, []);
    const file = join(sentinel.#dir, 'sentinel.conf');
    writeFileSync(
      file,
      `port ${port}\nbind 127.0.0.1\ndir ${sentinel.#dir}\nsentinel monitor ${name} 127.0.0.1 ${masterPort} 1\n`,
    );
    await sentinel.#spawn([file, '--sentinel']);
    return sentinel;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** For the test itself, which may look and write where the gateway does. */
  get client(): Redis {
    if (this.#client !== null) return this.#client;
    this.#client = new Redis(this.port, '127.0.0.1', { maxRetriesPerRequest: null });
    this.#client.on('error', () => {});
    return this.#client;
  }

  /** Starts it, again too; resolves once it takes connections. */
  run(): Promise<void> {
    const common = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#dir];
    return this.#spawn([...common, '--save', '', '--appendonly', 'no', ...this.#args]);
  }

  async #spawn(args: readonly string[]): Promise<void> {
    const process = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = process;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      process.stdout.on('data', (chunk) => {
        said += String(chunk);
        if (/Ready to accept connections|monitor master/.test(said)) resolve();
      });
      process.once('exit', () => reject(new Error(`redis-server ended: ${said}`)));
    });
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(name);
  }

  async kill(): Promise<void> {
    const process = this.#process;
    if (process === null || process.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  async close(): Promise<void> {
    this.#client?.disconnect();
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
