/** Starts what an attack needs, each in a process of its own: the scripted upstream, and the server of a checkout. */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Started, start, track } from '../lib/children.ts';
import { freePort, waitUntilReady } from '../lib/ports.ts';

const READY_MS = 60_000;

/** @returns its port, and what ends it */
export function startUpstream(): Promise<{ port: number; close: () => void }> {
  const child = fork(join(import.meta.dirname, 'upstream.ts'), { stdio: 'inherit' });
  track(child);
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) =>
      resolve({ port, close: () => child.kill('SIGTERM') }),
    );
    child.once('exit', () => reject(new Error('the upstream did not start')));
  });
}

export interface Running {
  started: Started;
  port: number;
  pid: number;
  reconfigure: (config: object) => void;
}

/** `node server.ts` of that checkout, in production mode. @throws Error with what it said when it does not start */
export async function startServerOf(checkout: string, folder: string, config: object): Promise<Running> {
  if (!existsSync(join(checkout, '.next', 'BUILD_ID')))
    throw new Error(`there is no production build in ${checkout}; run \`npm run build\` there first`);
  const port = await freePort();
  const file = join(folder, 'switchgear.yaml');
  // JSON is YAML.
  const reconfigure = (changed: object) => writeFileSync(file, JSON.stringify(changed));
  reconfigure(config);
  mkdirSync(join(folder, 'data'));
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('SWITCHGEAR_'));
  const started = start(process.execPath, ['server.ts'], {
    cwd: checkout,
    env: {
      ...Object.fromEntries(own),
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'error',
      SWITCHGEAR_CONFIG: file,
      SWITCHGEAR_DATA_DIR: join(folder, 'data'),
    },
  });
  await waitUntilReady(started, () => /^ready http:/m.test(started.output()), READY_MS);
  const { pid } = started.child;
  if (pid === undefined) throw new Error('the server has no process');
  return { started, port, pid, reconfigure };
}
