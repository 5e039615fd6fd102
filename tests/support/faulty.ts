/** Loaded before a server that is to have faults of its own: SIGUSR2 leaves a rejection to nobody, SIGHUP throws. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('SIGUSR2', () => {
    void Promise.reject(new TypeError('held by nobody: a-word-of-a-client'));
  });
  process.on('SIGHUP', () => {
    throw new RangeError('caught by nobody: a-word-of-a-client');
  });
}
