import { ANSWER } from '../lib/mock-answers.ts';
import { FIXED } from '../lib/requests.ts';
import type { Target } from './target.ts';

const TIMEOUT_MS = 10_000;

/**
 * Speed counts only with the right answer: the choices must be the upstream's, value for value.
 *
 * @throws Error that says what came instead
 */
export async function checkAnswer({ endpoint }: Target): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${endpoint.port}${endpoint.path}`, {
    method: 'POST',
    headers: endpoint.headers,
    body: FIXED,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`wrong answer: status ${response.status}: ${text.slice(0, 200)}`);
  const expected = sorted(JSON.parse(ANSWER).choices);
  const got = sorted(JSON.parse(text).choices);
  if (got !== expected) throw new Error(`wrong answer: choices ${got.slice(0, 200)}`);
}

/** As JSON with the keys of every object in order: a gateway may write them in another one. */
function sorted(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
