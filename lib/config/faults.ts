/** What is wrong with a configuration, told in full and without any secret. */

export interface ConfigFault {
  /** Where: `upstreams[0].breaker.window_s`, the name of an environment variable, or `switchgear.yaml:12`. */
  path: string;
  /** What is there, fit to be printed: shortened, and `[secret]` for what nobody may read. */
  value: string;
  /** What may be there, as the end of a sentence: `must be an integer from 1 to 600`. */
  allowed: string;
}

/** The `value` of a fault at which there is nothing. Values that are there are quoted, numbers, or in brackets. */
export const MISSING = 'missing';
/** The `value` of a fault about a key that does not exist. What stands behind it may be a secret. */
export const UNKNOWN_KEY = 'unknown key';

/** A configuration that cannot be used. The message begins with `lead`, names every fault and no secret. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], lead = 'The configuration is not valid') {
    super(`${lead}: ${faults.map(formatFault).join(' | ')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** One indented line for each fault. */
export function formatFaults(faults: readonly ConfigFault[]): string {
  return faults.map((fault) => `  ${formatFault(fault)}`).join('\n');
}

function formatFault({ path, value, allowed }: ConfigFault): string {
  if (value === MISSING || value === UNKNOWN_KEY) return `${path}: ${value}; ${allowed}`;
  return `${path}: ${value} is not allowed; ${allowed}`;
}
