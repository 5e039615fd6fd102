/**
 * The entry: one process, one port. Data-plane requests go straight to the gateway, everything else to Next.
 * SIGTERM and SIGINT drain: running requests end, then every part is closed in reverse order.
 *
 * Exit codes (sysexits.h where it has a word): 0 drained, 1 unexpected, 69 port not to be had, 73 data directory not
 * writable, 78 configuration.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import next from 'next';
import { guardConsole } from '#lib/access/guard.ts';
import { ConfigError, formatFaults } from '#lib/config/faults.ts';
import { type LoadedConfig, loadConfig } from '#lib/config/load.ts';
import { watchConfig } from '#lib/config/watch.ts';
import { createHttpServer, drain, listen } from '#lib/http/server.ts';
import { Runtime } from '#lib/runtime.ts';
import { setRuntime } from '#lib/runtime-handle.ts';
import { createLogger } from '#lib/telemetry/logger.ts';

const EXIT_UNAVAILABLE = 69;
const EXIT_CANT_CREATE = 73;
const EXIT_CONFIG = 78;

const dev = process.argv.includes('--dev');

function fail(exitCode: number, message: string): never {
  process.stderr.write(`switchgear: ${message}\n`);
  process.exit(exitCode);
}

function readConfig(): LoadedConfig {
  try {
    return loadConfig({ env: process.env, cwd: process.cwd() });
  } catch (thrown) {
    if (thrown instanceof ConfigError) fail(EXIT_CONFIG, `the configuration is not valid\n${formatFaults(thrown.faults)}`);
    throw thrown;
  }
}

function checkDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    fail(EXIT_CANT_CREATE, `the data directory ${dataDir} is not writable (${reason}); set SWITCHGEAR_DATA_DIR to another one`);
  }
}
