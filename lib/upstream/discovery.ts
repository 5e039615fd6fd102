/** What to serve from when nothing is configured. */
import { request } from 'undici';
import { type UpstreamConfig, upstreamSchema } from '#lib/contracts/config.ts';

const OLLAMA_URL = 'http://127.0.0.1:11434';
/** A local Ollama answers within milliseconds; a start must not wait for one that is not there. */
const PROBE_TIMEOUT_MS = 500;

export interface Discovery {
  upstream: UpstreamConfig;
  /** One line for the operator. */
  notice: string;
}

/** An Ollama at 127.0.0.1:11434 if one answers, else the embedded lab. */
export async function discoverUpstream(url: string = OLLAMA_URL): Promise<Discovery> {
  if (await isOllama(url)) {
    return {
      upstream: upstreamSchema.parse({ name: 'ollama', kind: 'ollama', url }),
      notice: `No upstream is configured: serving from the Ollama found at ${url}`,
    };
  }
  return {
    upstream: upstreamSchema.parse({ name: 'lab', kind: 'lab' }),
    notice: `No upstream is configured and no Ollama answers at ${url}: serving from the embedded lab, a stand-in and no AI model`,
  };
}

async function isOllama(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const answer = await request(`${url}/api/version`, { signal });
    const body = await answer.body.json();
    return answer.statusCode === 200 && typeof body === 'object' && body !== null && 'version' in body;
  } catch {
    return false;
  }
}
