/** Every test file runs with this: a warning of Node's, or a promise that nobody holds, fails the file. */
import type { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';
import { faultsIn, noteFault, takeFaults } from './process-faults.ts';

// Tests fake the global one.
const { setImmediate: nextTurn } = globalThis;
let isOver = false;

function heard(fault: string): void {
  noteFault(fault);
  // Nobody reads them any more; this way the run fails of it.
  if (isOver) for (const late of takeFaults()) throw new Error(`after the last test: ${late}`);
}

process.on('warning', ({ name, message, stack }) => heard(stack ?? `${name}: ${message}`));
process.on('unhandledRejection', (reason) => {
  heard(`unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}`);
});
process.on('worker', (worker: Worker) => {
  worker.stderr.on('data', (said) => {
    for (const fault of faultsIn({ stderr: String(said) })) heard(`in a worker: ${fault}`);
  });
});

afterAll(async () => {
  // What was rejected in this turn is known to be unhandled after it.
  await new Promise((resolve) => nextTurn(resolve));
  isOver = true;
  const faults = takeFaults();
  if (faults.length > 0) throw new Error(`${faults.length} that nobody may cause:\n${faults.join('\n')}`);
});
