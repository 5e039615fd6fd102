import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Started, start } from '../lib/children.ts';
import { freePort, waitUntilReady } from '../lib/ports.ts';
import { endpointAt, type StartContext, type Target } from './target.ts';

const READY_MS = 30_000;
const ROOT = join(import.meta.dirname, '..', '..');

/** This checkout in production mode: breakers, limits and the console as by default, and no cache. */
export async function startSwitchgear({ mockPort, folder }: StartContext): Promise<Target> {
  const { started, port } = await startServer(folder, configuration(mockPort));
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return { name: 'switchgear', version, endpoint: endpointAt(port), started };
}

/** A checkout, this one by default, in production mode, with such a `switchgear.yaml`. */
export async function startServer(
  folder: string,
  yaml: string,
  root: string = ROOT,
): Promise<{ started: Started; port: number }> {
  if (!existsSync(join(root, '.next', 'BUILD_ID')))
    throw new Error(`there is no production build in ${root}; run \`npm run build\` there first`);
  const port = await freePort();
  const config = join(folder, 'switchgear.yaml');
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(config, yaml);
  const started = start(process.execPath, ['server.ts'], {
    cwd: root,
    env: {
      ...withoutOwnSettings(process.env),
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      SWITCHGEAR_CONFIG: config,
      SWITCHGEAR_DATA_DIR: data,
    },
  });
  await waitUntilReady(started, () => /^ready http:/m.test(started.output()), READY_MS);
  return { started, port };
}

/** A token or a Redis of the caller's shell is not to be measured. */
function withoutOwnSettings(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SWITCHGEAR_')));
}

function configuration(mockPort: number): string {
  return `upstreams:
  - name: mock
    kind: openai
    url: http://127.0.0.1:${mockPort}/v1
cache: { enabled: false }
`;
}
