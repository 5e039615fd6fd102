import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Env } from '#lib/config/environment.ts';
import { ConfigError, type ConfigFault } from '#lib/config/faults.ts';
import { type LoadedConfig, loadConfig } from '#lib/config/load.ts';

/** Runs with a fresh directory, which holds the given `switchgear.yaml`, if any. */
export function inDirectory<T>(yaml: string | null, run: (cwd: string) => T): T {
  const cwd = mkdtempSync(join(tmpdir(), 'switchgear-config-'));
  try {
    if (yaml !== null) writeFileSync(join(cwd, 'switchgear.yaml'), yaml);
    return run(cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

export function load(yaml: string | null, env: Env = {}): LoadedConfig {
  return inDirectory(yaml, (cwd) => loadConfig({ env, cwd }));
}

/** The error of a configuration that is expected to be refused. */
export function refused(yaml: string | null, env: Env = {}): ConfigError {
  try {
    load(yaml, env);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    throw thrown;
  }
  throw new Error('the configuration was accepted');
}

export function faults(yaml: string | null, env: Env = {}): readonly ConfigFault[] {
  return refused(yaml, env).faults;
}
