/** The environment variables: which there are, what they replace in the file, and those that only they can set. */
import { resolve } from 'node:path';
import type { ConfigFault } from '#lib/config/faults.ts';
import { type Mapping, withValue } from '#lib/config/paths.ts';
import { quote } from '#lib/config/secrets.ts';
import { nearest } from '#lib/config/suggest.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const MAX_WORKERS = 64;

/** `process.env`, or what a test has in its place. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface Environment {
  /** Absolute. */
  dataDir: string;
  /** Worker processes asked for; null leaves the number to the server. */
  workers: number | null;
  /** One of `LOG_LEVELS`. */
  logLevel: string;
}

export interface EnvironmentVariable {
  name: string;
  /** The key of the file that it replaces, if any. */
  path?: readonly string[];
  /** As documented; null when there is none. */
  default: string | null;
  description: string;
}

/** All that the server reads, in the order of the documentation. An empty variable counts as not set. */
export const ENVIRONMENT: readonly EnvironmentVariable[] = [
  { name: 'PORT', path: ['listen', 'port'], default: '8003', description: 'Port of gateway and console' },
  {
    name: 'HOST',
    path: ['listen', 'host'],
    default: '127.0.0.1',
    description: 'Address to bind; anything but loopback needs an admin token',
  },
  {
    name: 'SWITCHGEAR_CONFIG',
    default: 'switchgear.yaml',
    description: 'The configuration file; the default one may be missing, a named one may not',
  },
  {
    name: 'SWITCHGEAR_DATA_DIR',
    default: './data',
    description: 'Directory for what must outlive a restart',
  },
  {
    name: 'SWITCHGEAR_ADMIN_TOKEN',
    path: ['auth', 'admin_token'],
    default: null,
    description: 'Opens the console and the control plane; at least 8 characters',
  },
  {
    name: 'SWITCHGEAR_REDIS_URL',
    path: ['redis', 'url'],
    default: null,
    description: 'Address of Redis, such as redis://127.0.0.1:6379; optional',
  },
  {
    name: 'SWITCHGEAR_WORKERS',
    default: null,
    description: `Worker processes, 0 to ${MAX_WORKERS}; the server chooses when it is not set`,
  },
  { name: 'LOG_LEVEL', default: 'info', description: `One of ${LOG_LEVELS.join(', ')}` },
];

export interface Overlaid {
  value: Mapping;
  /** Which variable stands at a key of the file, by the key's formatted path. */
  names: Map<string, string>;
}

/** Lets the environment replace what the file says. Values are left for the schema to judge. */
export function overlay(file: Mapping, env: Env): Overlaid {
  let value = file;
  const names = new Map<string, string>();
  for (const { name, path } of ENVIRONMENT) {
    const given = read(env, name);
    if (path === undefined || given === null) continue;
    const typed = name === 'PORT' && /^\d{1,9}$/.test(given) ? Number(given) : given;
    const replaced = withValue(value, path, typed);
    if (replaced !== value) names.set(path.join('.'), name);
    value = replaced;
  }
  return { value, names };
}

/** Reads what only the environment can set; faults are added to the list. */
export function readEnvironment(env: Env, cwd: string, faults: ConfigFault[]): Environment {
  return {
    dataDir: resolve(cwd, read(env, 'SWITCHGEAR_DATA_DIR') ?? 'data'),
    workers: readWorkers(env, faults),
    logLevel: readLogLevel(env, faults),
  };
}

/** A variable's value; null when it is not set or empty. */
export function read(env: Env, name: string): string | null {
  return env[name] || null;
}

function readWorkers(env: Env, faults: ConfigFault[]): number | null {
  const name = 'SWITCHGEAR_WORKERS';
  const given = read(env, name);
  if (given === null) return null;
  const workers = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (workers <= MAX_WORKERS) return workers;
  faults.push({ path: name, value: quote(given), allowed: `must be an integer from 0 to ${MAX_WORKERS}` });
  return null;
}

function readLogLevel(env: Env, faults: ConfigFault[]): string {
  const given = read(env, 'LOG_LEVEL');
  if (given === null) return 'info';
  const level = LOG_LEVELS.find((known) => known === given.toLowerCase());
  if (level !== undefined) return level;
  const near = nearest(given, LOG_LEVELS);
  const hint = near === null ? '' : `; did you mean ${near}?`;
  faults.push({
    path: 'LOG_LEVEL',
    value: quote(given),
    allowed: `must be one of ${LOG_LEVELS.join(', ')}${hint}`,
  });
  return 'info';
}
