/** Programs that only benchmarks need: each is installed on demand, by its own lock file, into `bench/.peers`. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { track } from './children.ts';

const BENCH = join(import.meta.dirname, '..');
const MAX_OUTPUT_CHARS = 4_000;

export interface Peer {
  /** Of the package. */
  readonly folder: string;
  readonly version: string;
}

/** @param name of the folder in `bench/peers`. @throws Error when it cannot be installed */
export async function installPeer(
  name: string,
  packageName: string,
  say: (line: string) => void,
): Promise<Peer> {
  const manifest = join(BENCH, 'peers', name);
  const installed = join(BENCH, '.peers', name);
  const folder = join(installed, 'node_modules', ...packageName.split('/'));
  const version: string = readJson(join(manifest, 'package.json')).dependencies[packageName];
  const file = join(folder, 'package.json');
  if (!existsSync(file) || readJson(file).version !== version) {
    say(`installing ${packageName} ${version} into bench/.peers`);
    mkdirSync(installed, { recursive: true });
    for (const each of ['package.json', 'package-lock.json'])
      copyFileSync(join(manifest, each), join(installed, each));
    await npmCi(installed, packageName);
  }
  return { folder, version };
}

function npmCi(cwd: string, packageName: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
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
      else reject(new Error(`npm ci of ${packageName} failed: ${reason}`));
    });
  });
}

function readJson(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
