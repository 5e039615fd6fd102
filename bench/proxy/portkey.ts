import { join } from 'node:path';
import { start } from '../lib/children.ts';
import { installPeer } from '../lib/peer.ts';
import { accepts, freePort, waitUntilReady } from '../lib/ports.ts';
import { endpointAt, type StartContext, type Target } from './target.ts';

const READY_MS = 20_000;

/** Portkey's gateway from npm, on this Node, with its provider for OpenAI pointed at the mock upstream. */
export async function startPortkey({ mockPort, say }: StartContext): Promise<Target> {
  const { folder, version } = await installPeer('portkey', '@portkey-ai/gateway', say);
  const port = await freePort();
  const script = join(folder, 'build', 'start-server.js');
  const started = start(process.execPath, [script, '--headless', `--port=${port}`], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  await waitUntilReady(started, () => accepts(port), READY_MS);
  const endpoint = endpointAt(port, {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${mockPort}/v1`,
  });
  return { name: 'portkey', version, endpoint, started };
}
