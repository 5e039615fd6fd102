/**
 * Tokens before an upstream has counted them, for budgets. Bytes of UTF-8 per token, learned by model from what the
 * upstream counts; 4 until then, which is right for English within some 25 % with today's vocabularies. The error that
 * it really makes is measured.
 */
import type { Json } from '#lib/protocols/types.ts';

const FIRST_BYTES_PER_TOKEN = 4;
const SMOOTHING = 0.1;
const MAX_MODELS = 200;

interface Learned {
  bytesPerToken: number;
  /** Mean of |estimate - count| / count. */
  error: number | null;
}

export class TokenEstimate {
  readonly #models = new Map<string, Learned>();

  of(model: string, input: Json): { tokens: number; bytes: number } {
    // Tokens are counted already.
    if (Array.isArray(input)) return { tokens: input.length, bytes: input.length * 7 };
    const bytes = Buffer.byteLength(String(input));
    const { bytesPerToken } = this.#models.get(model) ?? { bytesPerToken: FIRST_BYTES_PER_TOKEN };
    return { tokens: Math.ceil(bytes / bytesPerToken), bytes };
  }

  /** What the upstream counted for so many bytes of text. */
  learn(model: string, bytes: number, tokens: number): void {
    if (bytes === 0 || tokens === 0) return;
    const known = this.#models.get(model) ?? { bytesPerToken: FIRST_BYTES_PER_TOKEN, error: null };
    const error = Math.abs(bytes / known.bytesPerToken - tokens) / tokens;
    if (!this.#models.has(model) && this.#models.size >= MAX_MODELS) return;
    this.#models.set(model, {
      bytesPerToken: known.bytesPerToken + SMOOTHING * (bytes / tokens - known.bytesPerToken),
      error: known.error === null ? error : known.error + SMOOTHING * (error - known.error),
    });
  }

  /** Over all models; null before anything was counted. */
  get meanError(): number | null {
    const errors = [...this.#models.values()].flatMap(({ error }) => error ?? []);
    return errors.length === 0 ? null : errors.reduce((sum, each) => sum + each, 0) / errors.length;
  }
}
