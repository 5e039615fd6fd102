import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkloadSettings } from '#lib/contracts/workload.ts';
import { passageAt, promptAt } from '#lib/lab/workload/corpus.ts';
import { plannedRequests } from '#lib/lab/workload/plan.ts';

const settings = (more: Partial<WorkloadSettings> = {}): WorkloadSettings => ({
  seed: 1,
  rate_per_s: 10,
  duration_s: null,
  shape: 'steady',
  day_s: 60,
  day_begun: 0,
  rota: [],
  mix: { chat: 4, stream: 4, embeddings: 2 },
  prompts: 100,
  zipf: 1,
  deterministic_share: 0.8,
  chat_model: 'chat',
  embedding_model: 'embed',
  speed: 1,
  arrivals: null,
  ...more,
});

function first(count: number, given: WorkloadSettings) {
  const plan = plannedRequests(given);
  return Array.from({ length: count }, () => plan.next().value);
}

describe('the corpus', () => {
  it('has a prompt and a passage of its own for every number', () => {
    const numbers = Array.from({ length: 12_000 }, (_, index) => index);
    expect(new Set(numbers.map(promptAt)).size).toBe(numbers.length);
    expect(new Set(numbers.map(passageAt)).size).toBe(numbers.length);
    expect(numbers.every((index) => !/[{}]/.test(promptAt(index)))).toBe(true);
  });
});

describe('the plan', () => {
  it('asks the same for the same seed, and something else for another', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), (seed) => {
        expect(first(30, settings({ seed }))).toEqual(first(30, settings({ seed })));
        expect(first(30, settings({ seed }))).not.toEqual(first(30, settings({ seed: seed + 1 })));
      }),
      { numRuns: 30 },
    );
  });

  it('asks by the mix, over both surfaces, streamed and not, for the models that were named', () => {
    const requests = first(4_000, settings()).map((request) => ({
      path: request?.path ?? '',
      body: JSON.parse(request?.body ?? '{}') as Record<string, unknown>,
    }));
    const share = (matches: (request: (typeof requests)[number]) => boolean) =>
      requests.filter(matches).length / requests.length;
    expect(share(({ path }) => path === '/v1/embeddings')).toBeCloseTo(0.2 * 0.7, 1);
    expect(share(({ path }) => path === '/api/embed')).toBeCloseTo(0.2 * 0.3, 1);
    expect(share(({ body }) => body.stream === true)).toBeCloseTo(0.4, 1);
    expect(share(({ path }) => path === '/api/chat')).toBeCloseTo(0.8 * 0.3, 1);
    expect(new Set(requests.map(({ body }) => body.model))).toEqual(new Set(['chat', 'embed']));
    expect(requests.some(({ body }) => Array.isArray(body.input) && body.input.length > 1)).toBe(true);
  });

  it('leaves out what weighs nothing', () => {
    const requests = first(50, settings({ mix: { chat: 0, stream: 0, embeddings: 1 } }));
    expect(new Set(requests.map((request) => request?.path))).toEqual(
      new Set(['/v1/embeddings', '/api/embed']),
    );
  });
});
