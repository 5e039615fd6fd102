/** Reads the configuration: file, then `${NAME}`, then the environment over it, then the schema over all of it. */
import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { isLoopback } from '#lib/access/hosts.ts';
import { digestOf, MAX_FILE_BYTES, textOf } from '#lib/config/content.ts';
import { type Env, type Environment, overlay, read, readEnvironment } from '#lib/config/environment.ts';
import { ConfigError, type ConfigFault } from '#lib/config/faults.ts';
import { crossFaults, faultAt, faultsOf, type Origins } from '#lib/config/issues.ts';
import { type Mapping, valueAt } from '#lib/config/paths.ts';
import { quote } from '#lib/config/secrets.ts';
import { substitute } from '#lib/config/substitute.ts';
import { parseYaml } from '#lib/config/yaml.ts';
import { type Config, configSchema } from '#lib/contracts/config.ts';

export const DEFAULT_FILE = 'switchgear.yaml';

export interface LoadedConfig {
  config: Config;
  environment: Environment;
  /** The absolute path of the file that was read; null when there is none. */
  file: string | null;
  /** Of that file's content, as `digestOf` has it. */
  digest: string | null;
}

interface FileContent {
  path: string | null;
  digest: string | null;
  /** Null when the file cannot be used, in which case there are faults. */
  value: Mapping | null;
  faults: ConfigFault[];
  substituted: Set<string>;
}

export interface LoadOptions {
  env: Env;
  cwd: string;
  /** What the file holds, for who has read it already. */
  content?: Buffer;
}

/** Loads and validates the configuration. Throws a `ConfigError` that names every fault there is. */
export function loadConfig({ env, cwd, content }: LoadOptions): LoadedConfig {
  const file = readFile(env, cwd, content);
  const faults = [...file.faults];
  const environment = readEnvironment(env, cwd, faults);
  const { value: raw, names: overlaid } = overlay(file.value ?? {}, env);
  const substituted = new Set([...file.substituted].filter((place) => !overlaid.has(place)));
  const origins: Origins = { substituted, overlaid };
  const parsed = configSchema.safeParse(raw);
  const judged = [
    ...(parsed.success ? [] : faultsOf(parsed.error.issues, raw, origins)),
    ...(parsed.success ? [] : crossFaults(raw, origins)),
    ...bindFaults(raw, origins),
  ];
  // Without the file only what the environment says can be judged; the rest might be in order there.
  const variables = new Set(overlaid.values());
  const known =
    file.value === null ? judged.filter(({ path }) => variables.has(path) && path !== 'HOST') : judged;
  const all = distinct([...faults, ...known]);
  if (all.length > 0 || !parsed.success) throw new ConfigError(all);
  return { config: parsed.data, environment, file: file.path, digest: file.digest };
}

function readFile(env: Env, cwd: string, given: Buffer | undefined): FileContent {
  const named = read(env, 'SWITCHGEAR_CONFIG');
  const path = resolve(cwd, named ?? DEFAULT_FILE);
  const refuse = (faults: ConfigFault[]): FileContent => ({
    path,
    digest: null,
    value: null,
    faults,
    substituted: new Set(),
  });
  const refuseWhole = (allowed: string): FileContent =>
    refuse([{ path: basename(path), value: '[the whole file]', allowed }]);
  let content: Buffer;
  try {
    if (given === undefined && statSync(path).size > MAX_FILE_BYTES)
      return refuseWhole('must have at most 1 MiB');
    content = given ?? readFileSync(path);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    if (named === null && code === 'ENOENT')
      return { path: null, digest: null, value: {}, faults: [], substituted: new Set() };
    const place = named === null ? DEFAULT_FILE : 'SWITCHGEAR_CONFIG';
    return refuse([
      { path: place, value: quote(named ?? path), allowed: `must be a file that can be read (${code})` },
    ]);
  }
  const text = textOf(content);
  if (text === null) return refuseWhole('must be text in UTF-8');
  const yaml = parseYaml(text, basename(path));
  if (!yaml.ok) return refuse(yaml.faults);
  try {
    const { value, faults, places } = substitute(yaml.value, env);
    return { path, digest: digestOf(content), value, faults, substituted: places };
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return refuseWhole('must not nest or repeat so much');
  }
}

/** Anyone who reaches an open address could run the control plane. */
function bindFaults(raw: Mapping, origins: Origins): ConfigFault[] {
  const host = valueAt(raw, ['listen', 'host']);
  const token = valueAt(raw, ['auth', 'admin_token']) ?? null;
  if (typeof host !== 'string' || host === '' || isLoopback(host) || token !== null) return [];
  const allowed = 'must be a loopback address unless auth.admin_token or SWITCHGEAR_ADMIN_TOKEN is set';
  return [faultAt(['listen', 'host'], raw, origins, allowed)];
}

/** Each fault once. Where a variable is missing, what the schema says of its placeholder is of no use. */
function distinct(faults: readonly ConfigFault[]): ConfigFault[] {
  const unfilled = new Set(faults.filter(({ value }) => value.startsWith('${')).map(({ path }) => path));
  const seen = new Set<string>();
  return faults.filter(({ path, value, allowed }) => {
    if (unfilled.has(path) && !value.startsWith('${')) return false;
    const key = JSON.stringify([path, allowed]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
