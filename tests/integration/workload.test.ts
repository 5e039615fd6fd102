/** The workload as it runs: a worker that calls the gateway over its real port. */
import { afterEach, describe, expect, it } from 'vitest';
import { type WorkloadRequest, workloadRequestSchema } from '#lib/contracts/workload.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript } from '../support/scripts.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

afterEach(async () => {
  await gateway?.close();
  await upstream?.close();
});

async function start(more: object = {}): Promise<void> {
  upstream = await ScriptedUpstream.start(ollamaScript);
  gateway = await startGateway({
    // What is asked twice is to reach the upstream twice here.
    cache: { enabled: false },
    upstreams: [
      {
        name: 'up',
        kind: 'ollama',
        url: upstream.url,
        batching: { embedding: { max_size: 1 } },
      },
    ],
    ...more,
  });
}

const request = (given: object = {}): WorkloadRequest =>
  workloadRequestSchema.parse({
    shape: 'steady',
    rate_per_s: 100,
    chat_model: 'm',
    embedding_model: 'e',
    ...given,
  });

/** Resolves when the workload has ended. */
function ended(): Promise<void> {
  return new Promise((resolve) => {
    gateway.runtime.events.subscribe(({ type }) => {
      if (type === 'workload_ended') resolve();
    });
  });
}

const csv = `timestamp,requests\n0,40\n1,0\n`;

describe('the workload', () => {
  it('sends what was planned through the gateway, counts the answers, and ends by itself', async () => {
    await start();
    const over = ended();
    await gateway.runtime.workload.start(request({ shape: 'csv', csv, speed: 4 }), 'tester');
    await over;
    const { state, end_cause, sent, skipped, answers, settings, progress } =
      gateway.runtime.workload.status();
    expect({ state, end_cause, sent, skipped, progress }).toEqual({
      state: 'ended',
      end_cause: 'finished',
      sent: 40,
      skipped: 0,
      progress: 1,
    });
    expect(answers).toEqual({ 200: 40 });
    expect(settings?.arrivals).toBe(40);
    expect(upstream.seen).toHaveLength(40);
    const { requests } = gateway.runtime.telemetry.requests.query({ limit: 100 });
    expect(
      requests.every(({ user_agent, how }) => user_agent === 'switchgear-workload' && how === 'upstream'),
    ).toBe(true);
    const types = gateway.runtime.events
      .query({ limit: 100, type: 'workload*' })
      .events.map(({ type, by }) => [type, by]);
    expect(types).toEqual([
      ['workload_started', 'tester'],
      ['workload_ended', undefined],
    ]);
  });

  it('asks the same things in two runs with the same seed', async () => {
    await start();
    const asked: string[][] = [];
    for (let run = 0; run < 2; run++) {
      const over = ended();
      await gateway.runtime.workload.start(request({ shape: 'csv', csv, speed: 4, seed: 9 }), 'tester');
      await over;
      asked.push(
        upstream.seen
          .splice(0)
          .map(({ text }) => text)
          .sort(),
      );
    }
    expect(asked[0]).toHaveLength(40);
    expect(asked[1]).toEqual(asked[0]);
  });

  it('is one at a time, and stops when it is told to', async () => {
    await start();
    const over = ended();
    await gateway.runtime.workload.start(request(), 'tester');
    await expect(gateway.runtime.workload.start(request(), 'other')).rejects.toThrow(/running already/);
    gateway.runtime.workload.stop('other');
    await over;
    expect(gateway.runtime.workload.status()).toMatchObject({ state: 'ended', end_cause: 'stopped' });
    expect(() => gateway.runtime.workload.stop('other')).toThrow(/No workload is running/);
  });

  it('sends the first API key when the data plane asks for one', async () => {
    await start({ auth: { api_keys: ['a-client-key'] } });
    const over = ended();
    await gateway.runtime.workload.start(request({ shape: 'csv', csv, speed: 4 }), 'tester');
    await over;
    expect(gateway.runtime.workload.status().answers).toEqual({ 200: 40 });
  });

  it('refuses a CSV that it cannot read, and can be started with another', async () => {
    await start();
    const bad = request({ shape: 'csv', csv: 'timestamp,requests\n0,1\n1,many\n' });
    await expect(gateway.runtime.workload.start(bad, 'tester')).rejects.toMatchObject({
      code: 'bad_request',
      field: 'csv',
      message: expect.stringMatching(/line 3: "many"/),
    });
    expect(gateway.runtime.workload.status().state).toBe('idle');
    const started = await gateway.runtime.workload.start(request(), 'tester');
    expect(started).toMatchObject({ state: 'running', by: 'tester', progress: null });
  });

  it('ends when the server begins to drain, and cannot be started any more', async () => {
    await start();
    await gateway.runtime.workload.start(request(), 'tester');
    gateway.runtime.drain();
    expect(gateway.runtime.workload.status()).toMatchObject({ state: 'ended', end_cause: 'shutdown' });
    await expect(gateway.runtime.workload.start(request(), 'tester')).rejects.toThrow(/shutting down/);
  });
});
