/**
 * Watches the configuration file by looking at its content. Events of the file system are not enough: editors put a
 * new file in the old one's place, and Kubernetes swaps a link to the directory above it.
 *
 * A new content is taken once it has been still: the same, and not written to, for as long as `stillMs` between two
 * looks by our own clock, for the file's may be that of another machine. What is loaded is what was looked at.
 */
import { performance } from 'node:perf_hooks';
import { type Look, lookAt } from '#lib/config/content.ts';
import type { Config } from '#lib/contracts/config.ts';

const DEFAULT_INTERVAL_MS = 500;
const DEFAULT_STILL_MS = 1_000;

export interface WatchOptions {
  path: string;
  /** Digest of the content that is in force: what has changed since it was read counts as a change. */
  current: string;
  /** Validates the whole configuration with this content of the file; may throw. */
  load: (content: Buffer) => Config;
  onChange: (config: Config) => void;
  /** Told once for each content that cannot be used; the old configuration stays. */
  onRejected: (error: Error) => void;
  intervalMs?: number;
  stillMs?: number;
  /** Monotonic, milliseconds; asked once for each look that finds a change. */
  monotonicMs?: () => number;
}

export interface ConfigWatcher {
  close(): void;
}

/** Starts to watch. Does not keep the process alive. */
export function watchConfig(options: WatchOptions): ConfigWatcher {
  const { path, intervalMs = DEFAULT_INTERVAL_MS, stillMs = DEFAULT_STILL_MS } = options;
  const { monotonicMs = () => performance.now(), onRejected } = options;
  let closed = false;
  let { current } = options;
  /** What is seen now, and since when. */
  let settling: { stamp: string; sinceMs: number } | null = null;
  let timer: NodeJS.Timeout;

  const isStill = ({ digest, stamp }: Look): boolean => {
    if (digest === current) {
      settling = null;
      return false;
    }
    const nowMs = monotonicMs();
    if (settling?.stamp !== stamp) {
      settling = { stamp, sinceMs: nowMs };
      return false;
    }
    return nowMs - settling.sinceMs >= stillMs;
  };

  const look = async (): Promise<void> => {
    const seen = await lookAt(path);
    if (closed || !isStill(seen)) return;
    settling = null;
    current = seen.digest;
    // Without its file the server would fall back to its defaults, which nobody asked for by deleting a file.
    if (seen.content === null) throw new Error(`The configuration file is ${seen.digest}`);
    options.onChange(options.load(seen.content));
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
