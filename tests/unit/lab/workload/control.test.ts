/** The workload's control with a thread that is played. */
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { workloadRequestSchema } from '#lib/contracts/workload.ts';
import { WorkloadControl, type WorkloadEvent, type WorkloadWorker } from '#lib/lab/workload/control.ts';
import type { FromWorkload, Progress, WorkloadOrder } from '#lib/lab/workload/messages.ts';
import { Sampler } from '#lib/lab/workload/sample.ts';

class PlayedWorker extends EventEmitter implements WorkloadWorker {
  terminated = false;

  tell(message: FromWorkload): void {
    this.emit('message', message);
  }

  crash(message: string): void {
    this.emit('error', new Error(message));
    this.emit('exit');
  }

  terminate(): Promise<number> {
    this.terminated = true;
    this.emit('exit');
    return Promise.resolve(1);
  }
}

let nowMs: number;
let workers: PlayedWorker[];
let orders: WorkloadOrder[];
let events: WorkloadEvent[];
let control: WorkloadControl;

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1);
  workers = [];
  orders = [];
  events = [];
  control = new WorkloadControl({
    now: () => nowMs,
    randomId: () => '0123456789abcdef',
    target: () => ({ host: '127.0.0.1', port: 1, apiKey: 'key' }),
    onEvent: (event) => events.push(event),
    startWorker: (order) => {
      orders.push(order);
      const worker = new PlayedWorker();
      workers.push(worker);
      return worker;
    },
  });
});

const newest = () => workers.at(-1) ?? new PlayedWorker();

async function run(given: object = {}, lastsMs: number | null = null): Promise<void> {
  const begun = control.start(workloadRequestSchema.parse(given), 'tester');
  newest().tell({ type: 'ready', arrivals: null, lastsMs });
  await begun;
}

const progress = (more: Partial<Progress> = {}): Progress => ({
  elapsedMs: 500,
  targetRatePerS: 20,
  sent: 10,
  inFlight: 2,
  skipped: 0,
  answers: { 200: 8 },
  sample: new Sampler().read(),
  ...more,
});

describe('the control of the workload', () => {
  it('tells the thread what to send where, and begins when that is ready', async () => {
    const begun = control.start(workloadRequestSchema.parse({ seed: 5, reason: 'a try' }), 'tester');
    expect(control.status().state).toBe('idle');
    newest().tell({ type: 'ready', arrivals: null, lastsMs: null });
    expect(await begun).toMatchObject({ state: 'running', by: 'tester', progress: null });
    expect(orders).toMatchObject([{ run: '01234567', csv: null, port: 1, apiKey: 'key' }]);
    expect(events).toMatchObject([
      { type: 'workload_started', by: 'tester', detail: { seed: 5, reason: 'a try' } },
    ]);
  });

  it('is not started twice, not even while it gets ready', async () => {
    const begun = control.start(workloadRequestSchema.parse({}), 'tester');
    const again = control.start(workloadRequestSchema.parse({}), 'other');
    await expect(again).rejects.toMatchObject({ code: 'conflict' });
    newest().tell({ type: 'ready', arrivals: null, lastsMs: null });
    await begun;
    expect(workers).toHaveLength(1);
  });

  it('shows the progress of its time, and ends with what was sent', async () => {
    await run({ duration_s: 1 }, 1_000);
    newest().tell({ type: 'progress', progress: progress() });
    expect(control.status()).toMatchObject({ progress: 0.5, sent: 10, in_flight: 2, target_rate_per_s: 20 });
    newest().tell({ type: 'finished', progress: progress({ elapsedMs: 1_001, inFlight: 0, sent: 20 }) });
    expect(control.status()).toMatchObject({ state: 'ended', end_cause: 'finished', progress: 1, sent: 20 });
    expect(newest().terminated).toBe(true);
    expect(events.at(-1)).toMatchObject({
      type: 'workload_ended',
      by: null,
      detail: { cause: 'finished', sent: 20 },
    });
  });

  it('ends with the cause crashed and the reason when its thread dies, and can be started again', async () => {
    await run();
    newest().crash('out of memory');
    expect(control.status()).toMatchObject({ state: 'ended', end_cause: 'crashed' });
    expect(events.at(-1)).toMatchObject({ detail: { cause: 'crashed', message: 'out of memory' } });
    await run();
    expect(control.status()).toMatchObject({ state: 'running', end_cause: null, sent: 0 });
  });

  it('fails to start when its thread dies before it has begun', async () => {
    const begun = control.start(workloadRequestSchema.parse({}), 'tester');
    newest().crash('no such file');
    await expect(begun).rejects.toMatchObject({ code: 'internal' });
    expect(control.status().state).toBe('idle');
    expect(events).toEqual([]);
  });

  it('hears nothing more of a thread that was stopped', async () => {
    await run();
    const old = newest();
    control.stop('tester');
    old.tell({ type: 'progress', progress: progress({ sent: 99 }) });
    expect(control.status()).toMatchObject({ state: 'ended', end_cause: 'stopped', sent: 0 });
    expect(events).toHaveLength(2);
  });

  it('refuses to start after the server has closed it, also one that got ready meanwhile', async () => {
    const begun = control.start(workloadRequestSchema.parse({}), 'tester');
    await Promise.all([expect(begun).rejects.toMatchObject({ code: 'shutting_down' }), control.close()]);
    await expect(control.start(workloadRequestSchema.parse({}), 'tester')).rejects.toMatchObject({
      code: 'shutting_down',
    });
  });
});
