import type { Started } from '../lib/children.ts';
import type { Endpoint } from '../lib/streams.ts';

export const TARGETS = ['direct', 'pass-through', 'nginx', 'portkey', 'switchgear'] as const;
export type TargetName = (typeof TARGETS)[number];

/** A target that runs. */
export interface Target {
  name: TargetName;
  /** Version, or what it is. */
  version: string;
  endpoint: Endpoint;
  /** Null for `direct`, which is nobody's process. */
  started: Started | null;
}

export interface StartContext {
  mockPort: number;
  /** A folder for this target alone, removed at the end. */
  folder: string;
  say: (line: string) => void;
}

/** Throws with the reason why the target cannot be had. */
export type StartTarget = (context: StartContext) => Promise<Target>;

/** The path and headers of every request; no cache may answer instead of the upstream. */
export function endpointAt(port: number, more: Record<string, string> = {}): Endpoint {
  return {
    port,
    path: '/v1/chat/completions',
    headers: {
      'content-type': 'application/json',
      accept: '*/*',
      authorization: 'Bearer bench',
      'cache-control': 'no-store',
      ...more,
    },
  };
}
