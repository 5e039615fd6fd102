/** What each arrival asks for: made from the settings and the seed alone, so that two runs ask the same. */
import type { WorkloadSettings } from '#lib/contracts/workload.ts';
import { seededRandom } from '#lib/lab/random.ts';
import { dayShareAt } from '#lib/lab/workload/arrivals.ts';
import { passageAt, promptAt } from '#lib/lab/workload/corpus.ts';
import { zipfSampler } from '#lib/lab/workload/zipf.ts';

export interface PlannedRequest {
  readonly path: string;
  readonly body: string;
  /** Texts of an embedding; 1 of anything else. */
  readonly items: number;
}

/** Requests through Ollama's surface, of each kind; the rest goes through OpenAI's. */
const OLLAMA_SHARE = 0.3;
/** Embedding requests with several texts. */
const SEVERAL_SHARE = 0.3;
const MAX_TEXTS = 4;
const MAX_TOKENS = [16, 32, 48, 64] as const;
/** Spreads prompts evenly over 0..1 by their numbers. */
const GOLDEN_RATIO = 0.618_033_988_749_895;
/** Away from the arrivals, which draw from the seed itself. */
const SEED_OFFSET = 0x5eed;

/** The requests in the order of their arrivals, without an end. @param atMs when the next one arrives */
export function* plannedRequests(
  settings: WorkloadSettings,
  atMs: () => number = () => 0,
): Generator<PlannedRequest> {
  const { mix, prompts, zipf } = settings;
  const random = seededRandom(settings.seed + SEED_OFFSET);
  const draw = zipfSampler(prompts, zipf, random);
  const total = mix.chat + mix.stream + mix.embeddings;
  for (;;) {
    const wanted = random() * total;
    if (wanted < mix.chat + mix.stream)
      yield chat(settings, modelAt(settings, atMs(), random), draw(), wanted >= mix.chat, random);
    else yield embeddings(settings, draw, random);
  }
}

/** Nothing is drawn where no rota is: the same seed then asks the same as ever. */
function modelAt(settings: WorkloadSettings, atMs: number, random: () => number): string {
  const hour = 24 * dayShareAt(atMs, settings);
  for (const { model, from_h, to_h, share } of settings.rota)
    if (settings.shape === 'day' && hour >= from_h && hour < to_h && random() < share) return model;
  return settings.chat_model;
}

function chat(
  { deterministic_share }: WorkloadSettings,
  model: string,
  prompt: number,
  stream: boolean,
  random: () => number,
): PlannedRequest {
  const messages = [{ role: 'user', content: promptAt(prompt) }];
  // By the prompt, not by chance: the same question must be the same request.
  const limit = MAX_TOKENS[prompt % MAX_TOKENS.length];
  const temperature = (prompt * GOLDEN_RATIO) % 1 < deterministic_share ? { temperature: 0 } : {};
  if (random() < OLLAMA_SHARE) {
    return {
      path: '/api/chat',
      items: 1,
      body: JSON.stringify({ model, messages, stream, options: { num_predict: limit, ...temperature } }),
    };
  }
  return {
    path: '/v1/chat/completions',
    items: 1,
    body: JSON.stringify({ model, messages, stream, max_tokens: limit, ...temperature }),
  };
}

function embeddings(
  { embedding_model: model }: WorkloadSettings,
  draw: () => number,
  random: () => number,
): PlannedRequest {
  const texts = random() < SEVERAL_SHARE ? 2 + Math.floor(random() * (MAX_TEXTS - 1)) : 1;
  const input = Array.from({ length: texts }, () => passageAt(draw()));
  return {
    path: random() < OLLAMA_SHARE ? '/api/embed' : '/v1/embeddings',
    items: texts,
    body: JSON.stringify({ model, input: texts === 1 ? input[0] : input }),
  };
}
