/** Starts programs and, whatever happens, ends each of them by its own id. */
import { type ChildProcess, spawn } from 'node:child_process';

const STOP_GRACE_MS = 3_000;
/** Kept of what a program says, from its end, for the reason why it did not start. */
const MAX_OUTPUT_CHARS = 4_000;

const running = new Set<ChildProcess>();
let stopping = false;

export interface Started {
  child: ChildProcess;
  /** The end of its output so far. */
  output: () => string;
  /** Null while it runs, else how it ended. */
  ended: () => string | null;
}

/**
 * Starts a program in a process group of its own, so that a terminal's Ctrl-C reaches it through `stopAll` alone.
 * A program that cannot be run is one that has ended.
 *
 * @throws Error once `stopAll` was called
 */
export function start(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Started {
  if (stopping) throw new Error('stopping');
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let ended: string | null = null;
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-MAX_OUTPUT_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', (error) => {
    ended ??= error.message;
  });
  child.on('exit', (code, signal) => {
    ended ??= signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
  });
  track(child);
  return { child, output: () => output, ended: () => ended };
}

/** Also for children made with `fork`. */
export function track(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
}

/** SIGTERM, and SIGKILL for what has not ended a while later. */
export async function stop(child: ChildProcess): Promise<void> {
  if (!running.has(child) || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** From now on a signal ends all that run, and then this process. */
export function stopAllOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopping = true;
      void stopAll().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
    });
  }
}

/** Ends all that run. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop));
}
