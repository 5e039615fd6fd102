/** The requests of every benchmark: small, as a chat's first message is. */

export const FIXED = chat('bench-fixed', false);
/** Three tokens 10 ms apart: one that is held back shows in the time to the first. */
export const SHORT_STREAM = chat('bench-stream-3x10', true);

export function endlessStream(label: string): { model: string; body: string } {
  const model = `bench-endless-${label}`;
  return { model, body: chat(model, true) };
}

function chat(model: string, stream: boolean): string {
  const content = 'Explain in one sentence what a switchgear does in a power network.';
  return JSON.stringify({ model, messages: [{ role: 'user', content }], ...(stream ? { stream } : {}) });
}
