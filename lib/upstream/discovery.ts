/** What to serve from when nothing is configured. */
import { type UpstreamConfig, upstreamSchema } from '#lib/contracts/config.ts';

const OLLAMA_URL = 'http://127.0.0.1:11434';
/** A local Ollama answers within milliseconds; a start must not wait for one that is not there. */
const PROBE_TIMEOUT_MS = 500;

export interface Discovery {
  upstream: UpstreamConfig;
  /** One line for the operator. */
  notice: string;
}

/** An Ollama at 127.0.0.1:11434 if one answers, else the embedded lab. @param answers whether one does */
export async function discoverUpstream(
  answers: (upstream: UpstreamConfig) => Promise<boolean>,
  url: string = OLLAMA_URL,
): Promise<Discovery> {
  const ollama = { name: 'ollama', kind: 'ollama', url };
  const timeout = {
    connect_ms: PROBE_TIMEOUT_MS,
    first_byte_ms: PROBE_TIMEOUT_MS,
    total_ms: PROBE_TIMEOUT_MS,
  };
  if (await answers(upstreamSchema.parse({ ...ollama, timeout }))) {
    return {
      upstream: upstreamSchema.parse(ollama),
      notice: `No upstream is configured: serving from the Ollama found at ${url}`,
    };
  }
  return {
    upstream: upstreamSchema.parse({ name: 'lab', kind: 'lab' }),
    notice: `No upstream is configured and no Ollama answers at ${url}: serving from the embedded lab, a stand-in and no AI model`,
  };
}
