/** Appends events to the store in a folder, says so, and dies as by `kill -9`. */
import { openStore } from '#lib/store/store.ts';
import { EventLog } from '#lib/telemetry/event-log.ts';

const [, , dataDir = '', count = '1'] = process.argv;
const store = openStore({ dataDir, now: Date.now, onTrouble: (what, message) => console.log(what, message) });
const log = new EventLog(Date.now, store.events);
for (let i = 0; i < Number(count); i++) log.append({ type: 'breaker_trip', detail: i });
console.log(log.lastSeq);
process.kill(process.pid, 'SIGKILL');
