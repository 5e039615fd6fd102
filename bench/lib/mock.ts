import { fork } from 'node:child_process';
import { join } from 'node:path';
import { track } from './children.ts';

/** Starts the mock upstream; resolves with its port. */
export function startMock(): Promise<number> {
  const child = fork(join(import.meta.dirname, '..', 'mock-upstream.ts'), { stdio: 'inherit' });
  track(child);
  return new Promise((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port));
    child.once('exit', () => reject(new Error('the mock upstream did not start')));
  });
}
