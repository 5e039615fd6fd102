/** Which models an upstream has in memory, and getting them in and out, over Ollama's own API. */
import { SwitchgearError } from '#lib/errors.ts';
import { isObject, objectsIn } from '#lib/protocols/json.ts';
import { parseAnswer } from '#lib/protocols/upstream-answer.ts';
import { askUpstream } from '#lib/upstream/admin.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

export interface Resident {
  readonly model: string;
  readonly bytes: number;
  /** Epoch milliseconds; null when it says none. */
  readonly expiresAtMs: number | null;
}

/** @throws SwitchgearError as `askUpstream` does, `upstream_error` for another status than 200 */
export async function residents(upstream: Upstream): Promise<Resident[]> {
  const answer = await ask(upstream, 'GET', '/api/ps', null);
  const models = isObject(answer) ? objectsIn(answer, 'models') : [];
  return models.map(({ name, model, size, expires_at }) => {
    const expiresAtMs = Date.parse(String(expires_at));
    return {
      model: String(model ?? name),
      bytes: Number(size) || 0,
      expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
    };
  });
}

/** Loads a model, or keeps it for longer. Resolves once it is there. @throws SwitchgearError as `residents` */
export async function keepWarm(upstream: Upstream, model: string, keepAliveS: number): Promise<void> {
  const seconds = Math.max(1, Math.ceil(keepAliveS));
  await load(upstream, model, `${seconds}s`);
  upstream.groups?.kept(model, 1_000 * seconds);
}

/** @throws SwitchgearError as `residents` */
export async function unload(upstream: Upstream, model: string): Promise<void> {
  await load(upstream, model, 0);
  upstream.groups?.kept(model, 0);
}

/** A request without a prompt only loads. A model that cannot generate is asked for no embeddings instead. */
async function load(upstream: Upstream, model: string, keepAlive: string | 0): Promise<void> {
  const asked = { model, keep_alive: keepAlive, stream: false };
  const { status } = await askUpstream(upstream, 'POST', '/api/generate', JSON.stringify(asked));
  if (status === 200) return;
  if (status !== 400) throw refused(upstream, '/api/generate', status);
  await ask(upstream, 'POST', '/api/embed', JSON.stringify({ ...asked, input: [] }));
}

async function ask(upstream: Upstream, method: 'GET' | 'POST', path: string, body: string | null) {
  const answer = await askUpstream(upstream, method, path, body);
  if (answer.status !== 200)
    throw new SwitchgearError(
      'upstream_error',
      `Upstream ${upstream.name}: ${path} answered ${answer.status}`,
    );
  return parseAnswer(answer.body, upstream.name);
}

function refused({ name }: Upstream, path: string, status: number): SwitchgearError {
  return new SwitchgearError('upstream_error', `Upstream ${name}: ${path} answered ${status}`);
}
