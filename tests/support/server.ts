/** The product as it runs: `node server.ts` on the production build, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultsIn, noteFault } from './process-faults.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface RunningServer {
  url: string;
  folder: string;
  output: () => string;
  pid: number;
  /** Its exit code, once it has ended. */
  exited: Promise<number | null>;
  /** Sends the signal; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServerOptions {
  /** `switchgear.yaml`; JSON is YAML. */
  config?: unknown;
  env?: Record<string, string>;
  port?: number;
  /** The test makes it have a fault of its own. */
  mayFault?: boolean;
}

/** Starts it and waits for the line that begins with `ready http://`. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const run = await runServer(options);
  const ready = new Promise<boolean>((resolve) => {
    run.child.stdout?.on('data', () => {
      if (/^ready http:\/\//m.test(run.output())) resolve(true);
    });
    void run.exited.then(() => resolve(false));
  });
  if (!(await ready)) throw new Error(`the server did not start:\n${run.output()}`);
  return {
    url: `http://127.0.0.1:${run.port}`,
    folder: run.folder,
    output: run.output,
    pid: run.child.pid ?? 0,
    exited: run.exited,
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

async function runServer({ config, env = {}, port, mayFault = false }: ServerOptions) {
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
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => {
      output += chunk;
      said[name] += chunk;
    });
  const exited = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      if (!mayFault) for (const fault of faultsIn(said)) noteFault(`a server: ${fault}`);
      resolve(code);
    }),
  );
  return { child, folder, port: chosen, exited, output: () => output };
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
