/** The lab's worker thread: its own event loop, so that a busy lab does not slow the gateway. Ends by `terminate`. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '#lib/lab/clock.ts';
import { Engine } from '#lib/lab/engine.ts';
import { type ActiveFault, planStrike } from '#lib/lab/fault-plan.ts';
import type { FromWorker, ToWorker, WorkerSettings } from '#lib/lab/messages.ts';
import { seededRandom } from '#lib/lab/random.ts';
import { createLabServer } from '#lib/lab/server.ts';
import { StrikeCounter } from '#lib/lab/strike-counter.ts';

const port = parentPort;
if (port === null) throw new Error('lib/lab/worker.ts runs as a worker only');
const tell = (message: FromWorker) => port.postMessage(message);

// Given by startLabUpstream, which is typed.
const settings = workerData as WorkerSettings;
const random = seededRandom(settings.seed);
/** Bounded by the fault registry. */
const faults = new Map<string, ActiveFault>();
const counter = new StrikeCounter(systemClock, (counts) => tell({ type: 'struck', counts }));

const server = createLabServer({
  engine: new Engine({ ...settings, clock: systemClock }),
  clock: systemClock,
  strike() {
    const strike = planStrike(faults.values(), Date.now(), random);
    if (strike.ids.length > 0) counter.add(strike.ids);
    return strike;
  },
});

port.on('message', (message: ToWorker) => {
  if (message.type === 'apply') faults.set(message.fault.id, message.fault);
  else faults.delete(message.id);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) tell({ type: 'listening', port: address.port });
});
