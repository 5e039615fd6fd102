/**
 * The register of functions that call out. `Upstream.call` takes none but these, and none without the permit of a
 * breaker: what is counted here is all there is, and all of it is protected.
 */
import type { Coverage } from '#lib/contracts/breakers.ts';

/** One function that calls out, with how often it has. */
export interface Outbound {
  readonly name: string;
  readonly file: string;
  calls: number;
}

const register: Outbound[] = [];

/** Registers a function once, where it is defined. @param moduleUrl `import.meta.url` there */
export function outbound(name: string, moduleUrl: string): Outbound {
  const entry = { name, file: moduleUrl.slice(moduleUrl.lastIndexOf('/lib/') + 1), calls: 0 };
  register.push(entry);
  return entry;
}

export function coverage(): Coverage {
  return {
    protected_functions: register.length,
    total_files: new Set(register.map(({ file }) => file)).size,
    functions: register.map((entry) => ({ ...entry })),
  };
}
