/** Late embeddings that are too large to be written on the event loop, when nobody else can write them either. */
import { afterEach, expect, it } from 'vitest';
import { SwitchgearError } from '#lib/errors.ts';
import type { RenderJob } from '#lib/gateway/large/jobs.ts';
import { LargeAnswers } from '#lib/gateway/large/large-answers.ts';
import { type DataPlane, settle, startDataPlane } from '../../support/wire.ts';

class Refusing extends LargeAnswers {
  refuses = false;
  refused = 0;

  override render(job: RenderJob) {
    if (!this.refuses) return super.render(job);
    this.refused += 1;
    return Promise.reject(new SwitchgearError('overloaded', 'full'));
  }
}

let plane: DataPlane | null = null;
afterEach(() => plane?.close());

it('are tried once, and then the client is told', async () => {
  const large = new Refusing();
  const hour = 3_600_000;
  plane = await startDataPlane({ cache: { ttl_s: 60 } }, { large, staleIfErrorMs: 24 * hour });
  const input = Array.from({ length: 200 }, (_, at) => `text ${at}`);
  const embedding = Array.from({ length: 1_024 }, (_, at) => Math.fround(Math.sin(at)));
  const first = plane.connect();
  first.reads(true);
  first.post('/v1/embeddings', { model: 'm', input });
  while (plane.calls.length < 1) await settle();
  plane.calls[0]?.head(200, 'application/json');
  plane.calls[0]?.send(JSON.stringify({ data: input.map((_, index) => ({ index, embedding })), model: 'm' }));
  plane.calls[0]?.end();
  while (!first.isWhole) await settle();
  expect(first.status).toBe(200);
  plane.clock.ms += hour;
  large.refuses = true;
  const late = plane.connect();
  late.reads(true);
  late.post('/v1/embeddings', { model: 'm', input });
  while (plane.calls.length < 2) await settle();
  plane.calls[1]?.head(500, 'application/json');
  plane.calls[1]?.send('{"error":{"message":"out of order"}}');
  plane.calls[1]?.end();
  while (!late.isWhole) await settle();
  expect([late.status, large.refused]).toEqual([500, 1]);
});
