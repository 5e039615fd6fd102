/**
 * Watches the configuration file by looking at its content. Events of the file system are not enough: editors put a
 * new file in the old one's place, and Kubernetes swaps a link to the directory above it.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Config } from '#lib/contracts/config.ts';

const DEFAULT_INTERVAL_MS = 500;
const UNREADABLE = 'not readable';

export interface WatchOptions {
  path: string;
  /** Loads and validates the whole configuration; may throw. */
  load: () => Config;
  onChange: (config: Config) => void;
  /** Told once for each content that cannot be used; the old configuration stays. */
  onRejected: (error: Error) => void;
  intervalMs?: number;
}

export interface ConfigWatcher {
  close(): void;
}

/** Starts to watch. Does not keep the process alive. */
export function watchConfig(options: WatchOptions): ConfigWatcher {
  const { path, onRejected, intervalMs = DEFAULT_INTERVAL_MS } = options;
  let closed = false;
  let current = fingerprint(() => readFileSync(path));
  let settling: string | null = null;
  let timer: NodeJS.Timeout;

  const look = async (): Promise<void> => {
    const content = await readFile(path).catch((thrown: unknown) => thrown);
    const seen = fingerprint(() => {
      if (!Buffer.isBuffer(content)) throw content;
      return content;
    });
    if (closed) return;
    // A file that is being written, or gone for a moment, must look the same twice.
    const settled = seen === settling;
    settling = seen === current || settled ? null : seen;
    if (seen === current || !settled) return;
    current = seen;
    // Without its file the server would fall back to its defaults, which nobody asked for by deleting a file.
    if (seen.startsWith(UNREADABLE)) throw new Error(`The configuration file is ${seen}`);
    options.onChange(options.load());
  };

  const schedule = (): void => {
    timer = setTimeout(() => void look().catch(reject).finally(schedule), intervalMs);
    timer.unref();
    if (closed) clearTimeout(timer);
  };
  const reject = (thrown: unknown): void => {
    onRejected(thrown instanceof Error ? thrown : new Error(String(thrown)));
  };
  schedule();

  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** A digest of a content; why there is none, when it cannot be read. */
function fingerprint(read: () => Buffer): string {
  try {
    return hash('sha256', read());
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
    return `${UNREADABLE} (${code})`;
  }
}
