import { connect, createServer } from 'node:net';
import type { Started } from './children.ts';

const POLL_MS = 50;

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Waits until `isReady` says so.
 *
 * @throws Error with the end of the program's output when it ends first, or `timeoutMs` have passed
 */
export async function waitUntilReady(
  started: Started,
  isReady: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isReady())) {
    const ended = started.ended();
    const late = performance.now() > deadline;
    if (ended !== null || late) {
      const said = started.output().trim().split('\n').slice(-3).join(' | ');
      throw new Error(
        `${ended ?? `not ready within ${timeoutMs / 1_000} s`}${said === '' ? '' : `: ${said}`}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.on('connect', () => answer(true));
    socket.on('error', () => answer(false));
  });
}
