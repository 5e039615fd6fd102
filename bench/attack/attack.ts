/** What an attack is: what it needs of the server, what it does, and the figures of its own that it brings back. */
import type { Started } from '../lib/children.ts';

export type Figures = Record<string, number | string>;

export interface Scene {
  /** Of the server under attack. */
  port: number;
  pid: number;
  server: Started;
  /** Of the scripted upstream. */
  upstreamPort: number;
  /** How often the upstream was asked for that model. */
  seen: (model: string) => Promise<number>;
  /** The server's configuration is replaced by this one while it runs. */
  reconfigure: (config: object) => void;
}

export interface Attack {
  name: string;
  /** Added to, or put in the place of, what every attack configures. */
  config?: (upstreamPort: number) => Promise<object> | object;
  /** Starts what it needs beside the server. @returns ends it @throws Error with the reason why it cannot be done here */
  prepare?: () => Promise<() => Promise<void>>;
  /** The server is to end by it. */
  endsServer?: boolean;
  run: (scene: Scene) => Promise<Figures>;
}

/** The upstream that is attacked, and one beside it of which the other callers are served. */
export function upstreams(port: number, attacked: object = {}): { upstreams: object[] } {
  const url = `http://127.0.0.1:${port}/v1`;
  return {
    upstreams: [
      { name: 'others', kind: 'openai', url, models: ['small-0-probe'] },
      { name: 'attacked', kind: 'openai', url, connections: 256, ...attacked },
    ],
  };
}
