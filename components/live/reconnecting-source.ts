/**
 * An event stream that never gives up. `EventSource` comes back by itself after a broken connection, but not after an
 * answer that is no stream, such as that of a server that is still starting: then a new one is made, a little later
 * each time.
 */

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5_000;

/** The part of `EventSource` that is needed. */
export interface Source {
  onmessage: ((event: { data: string }) => void) | null;
  onerror: (() => void) | null;
  readonly readyState: number;
  close(): void;
}

const CLOSED = 2;

export interface Handlers {
  /** Answers `false` when something before it is missing, so that the stream has to begin anew. */
  onData: (data: string) => unknown;
  /** Once for each time that the stream was lost. */
  onLost: () => void;
  open?: (url: string) => Source;
}

/** @returns ends it */
export function connect(url: string, { onData, onLost, open = openSource }: Handlers): () => void {
  let source: Source;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  const begin = () => {
    source = open(url);
    source.onmessage = ({ data }) => {
      retryMs = FIRST_RETRY_MS;
      if (onData(data) !== false) return;
      source.close();
      begin();
    };
    source.onerror = () => {
      onLost();
      if (source.readyState !== CLOSED) return;
      source.close();
      timer = setTimeout(begin, retryMs);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    };
  };
  begin();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

function openSource(url: string): Source {
  // The DOM's type of the handlers is wider than what is used of them.
  return new EventSource(url) as unknown as Source;
}
