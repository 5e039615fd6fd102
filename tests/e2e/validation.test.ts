/** The calls by which a set-up of old was validated, word for word but for the port. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/server.ts';
import { until } from '../support/until.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({ config: { upstreams: [{ name: 'lab', kind: 'lab' }] } });
});
afterAll(async () => {
  await server.stop();
});

interface Comprehensive {
  components: { request_batching: object; predictive_allocation: object };
  architecture_score: number;
}

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${server.url}${path}`)).json()) as T;
}

describe('the validation calls', () => {
  it('POST /api/test/circuit-breaker/trigger-failure/test, and its status', async () => {
    const answer = await fetch(`${server.url}/api/test/circuit-breaker/trigger-failure/test`, {
      method: 'POST',
    });
    expect(await answer.json()).toMatchObject({ component: 'test', final_state: 'open', failure_count: 3 });
    expect(await get('/api/test/circuit-breaker/status')).toMatchObject({ test: { state: 'open' } });
  });

  it('GET /api/metrics/cache', async () => {
    const { caches } = await get<{ caches: object }>('/api/metrics/cache');
    expect(Object.keys(caches)).toEqual(
      expect.arrayContaining(['lab_responses', 'lab_embeddings', 'nlp_processor', 'redis']),
    );
  });

  it('GET /api/metrics/comprehensive: batching, allocation, and a score that is measured', async () => {
    const { components } = await get<Comprehensive>('/api/metrics/comprehensive');
    expect(Object.keys(components.request_batching)).toEqual(['llm_batcher', 'embedding_batcher']);
    expect(components.predictive_allocation).toMatchObject({ status: 'inactive' });
    // Evidence comes in by and by, as the first measured seconds do.
    await until(async () => {
      const { architecture_score } = await get<Comprehensive>('/api/metrics/comprehensive');
      return (
        architecture_score > 0 && architecture_score === (await get<{ score: number }>('/api/score')).score
      );
    });
  });
});
