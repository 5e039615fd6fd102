/** Lighthouse on one page, in Debian's Chromium, as a desktop sees it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserPath } from '../../tests/support/browser.ts';
import { track } from '../lib/children.ts';
import type { Peer } from '../lib/peer.ts';

export const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;
/** Of 100 each. */
export type Scores = Record<(typeof CATEGORIES)[number], number>;

/** The stream never ends, so that the network is never idle. */
const MAX_LOAD_MS = 12_000;
const CHROME = '--headless=new --no-sandbox --disable-gpu --disable-background-networking';

/** @throws Error with Lighthouse's own words */
export async function lighthouse({ folder }: Peer, url: string): Promise<Scores> {
  const results = mkdtempSync(join(tmpdir(), 'switchgear-lighthouse-'));
  const file = join(results, 'report.json');
  const args = [
    join(folder, 'cli', 'index.js'),
    url,
    '--preset=desktop',
    `--only-categories=${CATEGORIES.join(',')}`,
    `--max-wait-for-load=${MAX_LOAD_MS}`,
    `--chrome-flags=${CHROME}`,
    '--output=json',
    `--output-path=${file}`,
    '--quiet',
    '--no-enable-error-reporting',
  ];
  try {
    await run(args);
    const { categories } = JSON.parse(readFileSync(file, 'utf8'));
    return Object.fromEntries(
      CATEGORIES.map((name) => [name, Math.round(100 * (categories[name].score ?? 0))]),
    ) as Scores;
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

function run(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, CHROME_PATH: browserPath() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    track(child);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`lighthouse ended with ${code}: ${said.trim()}`)),
    );
  });
}
