/** The product as it runs: `node server.ts` on the production build, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export interface RunningServer {
  url: string;
  folder: string;
  output: () => string;
  /** Sends the signal; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServerOptions {
  /** `switchgear.yaml`; JSON is YAML. */
  config?: unknown;
  env?: Record<string, string>;
  port?: number;
}

/** Starts it and waits for the line that begins with `ready http://`. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const run = await runServer(options);
  const ready = new Promise<boolean>((resolve) => {
    run.child.stdout?.on('data', () => {
      if (/^ready http:\/\//m.test(run.output())) resolve(true);
    });
    run.exited.then(() => resolve(false));
  });
  if (!(await ready)) throw new Error(`the server did not start:\n${run.output()}`);
  return {
    url: `http://127.0.0.1:${run.port}`,
    folder: run.folder,
    output: run.output,
    async stop(signal = 'SIGTERM') {
      run.child.kill(signal);
      const code = await run.exited;
      rmSync(run.folder, { recursive: true, force: true });
      return code;
    },
  };
}

/** Starts it where it must fail; resolves with its exit code and what it said. */
export async function failServer(options: ServerOptions): Promise<{ code: number | null; output: string }> {
  const run = await runServer(options);
  const code = await run.exited;
  rmSync(run.folder, { recursive: true, force: true });
  return { code, output: run.output() };
}

async function runServer({ config, env = {}, port }: ServerOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-'));
  const file = join(folder, 'switchgear.yaml');
  if (config !== undefined) writeFileSync(file, JSON.stringify(config));
  const chosen = port ?? (await freePort());
  const child: ChildProcess = spawn(process.execPath, ['server.ts'], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      PORT: String(chosen),
      SWITCHGEAR_DATA_DIR: join(folder, 'data'),
      ...(config === undefined ? {} : { SWITCHGEAR_CONFIG: file }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, folder, port: chosen, exited, output: () => output };
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
