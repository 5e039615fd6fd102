import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, track } from '../lib/children.ts';
import { accepts, freePort, waitUntilReady } from '../lib/ports.ts';
import { endpointAt, type StartContext, type Target } from './target.ts';

const READY_MS = 20_000;
const BENCH = join(import.meta.dirname, '..');
const MANIFEST = join(BENCH, 'peers', 'portkey');
const INSTALLED = join(BENCH, '.peers', 'portkey');
const PACKAGE = join(INSTALLED, 'node_modules', '@portkey-ai', 'gateway');
const MAX_OUTPUT_CHARS = 4_000;

/** Portkey's gateway from npm, on this Node, with its provider for OpenAI pointed at the mock upstream. */
export async function startPortkey({ mockPort, say }: StartContext): Promise<Target> {
  const wanted = JSON.parse(readFileSync(join(MANIFEST, 'package.json'), 'utf8')).dependencies[
    '@portkey-ai/gateway'
  ];
  if (installedVersion() !== wanted) {
    say(`installing @portkey-ai/gateway ${wanted} into bench/.peers`);
    await install();
  }
  const port = await freePort();
  const script = join(PACKAGE, 'build', 'start-server.js');
  const started = start(process.execPath, [script, '--headless', `--port=${port}`], {
    cwd: PACKAGE,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  await waitUntilReady(started, () => accepts(port), READY_MS);
  const endpoint = endpointAt(port, {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${mockPort}/v1`,
  });
  return { name: 'portkey', version: wanted, endpoint, started };
}

function installedVersion(): string | null {
  const file = join(PACKAGE, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null;
}

function install(): Promise<void> {
  mkdirSync(INSTALLED, { recursive: true });
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(MANIFEST, file), join(INSTALLED, file));
  return new Promise((resolve, reject) => {
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const child = spawn('npm', args, { cwd: INSTALLED, stdio: ['ignore', 'pipe', 'pipe'] });
    track(child);
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => {
      const reason = output.trim().split('\n').slice(0, 3).join(' | ');
      if (code === 0) resolve();
      else reject(new Error(`npm ci of Portkey's gateway failed: ${reason}`));
    });
  });
}
