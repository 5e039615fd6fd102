/** The guided demo with threads, faults and a twin that are played. */
import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Transition } from '#lib/contracts/breakers.ts';
import type { FaultRequest } from '#lib/contracts/faults.ts';
import { tourSchema } from '#lib/contracts/tour.ts';
import { workloadRequestSchema } from '#lib/contracts/workload.ts';
import type { ActiveFault } from '#lib/lab/fault-plan.ts';
import { TourControl, type TourParts } from '#lib/lab/tour/control.ts';
import { PointRing } from '#lib/lab/tour/figures.ts';
import { reportOf } from '#lib/lab/tour/report.ts';
import { STEPS } from '#lib/lab/tour/steps.ts';
import { WorkloadControl, type WorkloadWorker } from '#lib/lab/workload/control.ts';
import type { FromWorkload, WorkloadOrder } from '#lib/lab/workload/messages.ts';
import { type Answered, Sampler } from '#lib/lab/workload/sample.ts';

const TWIN_PORT = 4_321;
const GATEWAY_PORT = 8_003;

class PlayedWorker extends EventEmitter implements WorkloadWorker {
  readonly order: WorkloadOrder;
  constructor(order: WorkloadOrder) {
    super();
    this.order = order;
    queueMicrotask(() => this.tell({ type: 'ready', arrivals: null, lastsMs: null }));
  }
  tell(message: FromWorkload): void {
    this.emit('message', message);
  }
  answer(count: number, answered: Partial<Answered> = {}, type: 'progress' | 'finished' = 'progress'): void {
    const sampler = new Sampler();
    for (let each = 0; each < count; each += 1)
      sampler.add({ isServed: true, tookMs: 50, cache: 'none', upstream: null, share: 1, ...answered });
    const progress = { elapsedMs: 1, targetRatePerS: 1, sent: 1, inFlight: 0, skipped: 0, answers: {} };
    this.tell({ type, progress: { ...progress, sample: sampler.read() } });
  }
  terminate(): Promise<number> {
    this.emit('exit');
    return Promise.resolve(1);
  }
}

let nowMs: number;
let workers: PlayedWorker[];
let faults: FaultRequest[];
let twinFaults: ActiveFault[];
let twins: number;
let events: string[];
let notClosed: string[];
let listeners: ((transition: Transition) => void)[];
let refusal: string | null;
let workload: WorkloadControl;
let tour: TourControl;

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1);
  [workers, faults, twinFaults, events, notClosed, listeners] = [[], [], [], [], [], []];
  twins = 0;
  refusal = null;
  const shared = {
    now: () => nowMs,
    randomId: () => `id-${faults.length}`,
    startWorker: (order: WorkloadOrder) => {
      const worker = new PlayedWorker(order);
      workers.push(worker);
      return worker;
    },
  };
  const gateway = () => ({ host: '127.0.0.1', port: GATEWAY_PORT, apiKey: 'key' });
  workload = new WorkloadControl({
    ...shared,
    target: gateway,
    onEvent: () => {},
    onSample: (sample) => tour.sampled(sample),
  });
  const parts: TourParts = {
    ...shared,
    refusal: () => refusal,
    workload,
    request: () => workloadRequestSchema.parse({ seed: 3, rate_per_s: 9 }),
    gateway,
    startTwin: () => {
      twins += 1;
      return Promise.resolve({
        url: `http://127.0.0.1:${TWIN_PORT}`,
        applyFault: (fault: ActiveFault) => void twinFaults.push(fault),
        removeFault: (id: string) => {
          twinFaults = twinFaults.filter((fault) => fault.id !== id);
        },
        close: () => {
          twins -= 1;
          return Promise.resolve();
        },
      });
    },
    inject: (fault) => {
      faults.push(fault);
      return {
        isOn: () => faults.includes(fault),
        end: () => {
          faults = faults.filter((each) => each !== fault);
        },
      };
    },
    onTransition: (listener) => {
      listeners.push(listener);
      return () => {
        listeners = listeners.filter((each) => each !== listener);
      };
    },
    notClosed: () => notClosed,
    forecast: () => ({ skill: 0.2, coverage: 0.9, acting: 2, targets: 5, expectedPerMin: 300 }),
    onEvent: ({ type }) => events.push(type),
  };
  tour = new TourControl(parts);
});

const to = (port: number) => workers.filter(({ order }) => order.port === port).at(-1);
const ours = () => to(GATEWAY_PORT);
const theirs = () => to(TWIN_PORT);
const now = () => tour.now?.step ?? null;
/** What reaches back into the step before is not counted to the one that has begun. */
const settle = () => {
  ours()?.answer(7);
  theirs()?.answer(7);
};
const pass = (seconds: number) => {
  for (let each = 0; each < seconds; each += 1) {
    nowMs += 1_000;
    tour.tick();
  }
};
const turned = (component: string, state: 'open' | 'closed') => {
  const transition = {
    component,
    to: state,
    at: new Date(nowMs).toISOString(),
    evidence: { failures: 7, calls: 9 },
  };
  for (const listener of listeners) listener(transition as Transition);
};

describe('the guided demo', () => {
  it('sends the same requests both ways, and stops what was sent before', async () => {
    await workload.start(workloadRequestSchema.parse({ seed: 99 }), 'somebody');
    await tour.start({ auto: false }, 'tester');
    expect(ours()?.order.settings).toEqual(theirs()?.order.settings);
    expect(theirs()?.order).toMatchObject({ settings: { seed: 3, rate_per_s: 9 }, apiKey: null });
    expect(ours()?.order.apiKey).toBe('key');
    expect(tourSchema.parse(tour.view())).toMatchObject({ state: 'running', auto: false, by: 'tester' });
    expect([now(), events]).toEqual([1, ['tour_started']]);
  });

  it('goes on by itself once a step was seen for long enough, and by its limit when it was not', async () => {
    await tour.start({ auto: true }, 'tester');
    const [first] = STEPS;
    pass((first?.minS ?? 0) + 5);
    expect(now()).toBe(1);
    ours()?.answer(100, { cache: 'hit', tookMs: 1 });
    theirs()?.answer(100);
    pass(1);
    expect(now()).toBe(2);
    expect(tour.view().steps[0]).toMatchObject({
      state: 'done',
      outcome:
        '100 % of the answers came from the cache: half of all within 1.0 ms, against 51 ms without it.',
    });
    pass(STEPS[1]?.maxS ?? 0);
    expect(now()).toBe(3);
    expect(tour.view().steps[1]).toMatchObject({ state: 'skipped', outcome: null });
  });

  it('waits where it does not go on by itself', async () => {
    await tour.start({ auto: false }, 'tester');
    pass(600);
    expect(now()).toBe(1);
    tour.setAuto(true);
    pass(1);
    expect(now()).toBe(2);
  });

  it('breaks both sides alike, mends both, and says when the breaker opened and closed', async () => {
    await tour.start({ auto: false }, 'tester');
    tour.next('tester');
    expect(faults).toMatchObject([{ upstream: 'lab', kind: 'error', status: 503 }]);
    expect(twinFaults).toMatchObject([{ kind: 'error', status: 503, rate: 1 }]);
    nowMs += 2_500;
    turned('lab.chat', 'open');
    pass(1);
    expect(tour.view().steps[1]?.outcome).toContain(
      'opened 2.5 s after the failure began, on 7 failures of 9 calls',
    );
    tour.next('tester');
    tour.next('tester');
    expect(faults.map(({ upstream }) => upstream)).toEqual(['lab', 'lab-standby']);
    expect(twinFaults).toHaveLength(1);
    tour.next('tester');
    expect([faults, twinFaults]).toEqual([[], []]);
    notClosed = ['lab.embeddings'];
    turned('lab.chat', 'closed');
    pass(1);
    expect(tour.view().steps[4]?.outcome).toBeNull();
    notClosed = [];
    pass(1);
    expect(tour.view().steps[4]?.outcome).toMatch(/^lab.chat closed /);
  });

  it('counts a burst by itself, and takes a share of a batch for each answer', async () => {
    await tour.start({ auto: false }, 'tester');
    for (let step = 1; step < STEPS.length; step += 1) tour.next('tester');
    const [withOurs, without] = workers.slice(-2);
    expect(withOurs?.order.settings.mix).toEqual({ chat: 0, stream: 0, embeddings: 1 });
    withOurs?.answer(40, { cache: 'miss', share: 0.1, upstream: 'lab' }, 'finished');
    without?.answer(40, {}, 'finished');
    pass(1);
    expect(tour.view().steps.at(-1)).toMatchObject({
      outcome: expect.stringContaining('40 requests took 4 calls'),
      figures: { with: { upstream_calls: expect.closeTo(4, 9) }, without: { upstream_calls: 40 } },
    });
    expect(tour.view().totals.with.answers).toBe(40);
  });

  it('leaves nothing behind when it is stopped, and the workload through the gateway running', async () => {
    await tour.start({ auto: false }, 'tester');
    tour.next('tester');
    const stopped = tour.stop('tester');
    expect(stopped).toMatchObject({ state: 'over', message: 'It was stopped.' });
    expect([faults, twinFaults, twins, listeners]).toEqual([[], [], 0, []]);
    expect(workload.status().state).toBe('running');
    expect(() => tour.next('tester')).toThrow(/not running/);
    await tour.start({ auto: false }, 'tester');
    expect(tour.view()).toMatchObject({
      state: 'running',
      message: null,
    });
    expect(
      tour
        .view()
        .steps.map(({ state }) => state)
        .slice(0, 2),
    ).toEqual(['now', 'ahead']);
  });

  it('ends when the workload through the gateway is ended by somebody else', async () => {
    await tour.start({ auto: false }, 'tester');
    workload.stop('somebody');
    pass(1);
    expect(tour.view()).toMatchObject({
      state: 'over',
      message: 'The workload through the gateway has ended.',
    });
    expect(twins).toBe(0);
  });

  it('ends when somebody mends what it broke, or sends something else', async () => {
    await tour.start({ auto: false }, 'tester');
    tour.next('tester');
    faults = [];
    pass(1);
    expect(tour.view()).toMatchObject({
      state: 'over',
      message: expect.stringContaining('mended by somebody'),
    });
    expect(twinFaults).toEqual([]);
    await tour.start({ auto: false }, 'tester');
    workload.stop('somebody');
    nowMs += 1;
    await workload.start(workloadRequestSchema.parse({ seed: 99 }), 'somebody');
    pass(1);
    expect(tour.view().message).toBe('Another workload was started through the gateway.');
    await tour.start({ auto: false }, 'tester');
    theirs()?.emit('exit');
    pass(1);
    expect(tour.view().message).toBe('The workload of the other side has ended.');
  });

  it('counts what reaches back to the step before to that one', async () => {
    await tour.start({ auto: false }, 'tester');
    ours()?.answer(10);
    tour.next('tester');
    ours()?.answer(7);
    ours()?.answer(3);
    const answers = tour.view().steps.map(({ figures }) => figures?.with.answers);
    expect([answers[0], answers[1], tour.view().totals.with.answers]).toEqual([17, 3, 20]);
  });

  it('keeps what was seen of the step in which it is stopped', async () => {
    await tour.start({ auto: false }, 'tester');
    tour.next('tester');
    turned('lab.chat', 'open');
    pass(1);
    expect(tour.stop('tester').steps[1]).toMatchObject({
      state: 'done',
      outcome: expect.stringContaining('opened'),
    });
  });

  it('ends after its last step', async () => {
    await tour.start({ auto: false }, 'tester');
    for (const _ of STEPS) tour.next('tester');
    expect(tour.view()).toMatchObject({ state: 'over', message: null });
    expect(events.filter((type) => type !== 'tour_moved')).toEqual(['tour_started', 'tour_ended']);
  });

  it('refuses a second one, other upstreams, and a server that is going down', async () => {
    refusal = 'other upstreams';
    await expect(tour.start({ auto: true }, 'tester')).rejects.toMatchObject({
      code: 'conflict',
      message: refusal,
    });
    refusal = null;
    const first = tour.start({ auto: true }, 'tester');
    await expect(tour.start({ auto: true }, 'tester')).rejects.toMatchObject({ code: 'conflict' });
    await first;
    await tour.close();
    expect([twins, tour.view().state]).toEqual([0, 'over']);
    await expect(tour.start({ auto: true }, 'tester')).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

describe('samples', () => {
  const answered = fc.record({
    isServed: fc.boolean(),
    tookMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
    cache: fc.constantFrom('hit', 'miss', 'stale', 'none', '__proto__'),
    upstream: fc.constantFrom(null, 'lab', 'lab-standby', 'constructor'),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });

  it('add up the same, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(answered), fc.array(fc.boolean()), (all, cuts) => {
        const whole = new Sampler();
        const part = new Sampler();
        const sum = new Sampler();
        all.forEach((each, at) => {
          whole.add(each);
          part.add(each);
          if (cuts[at] === true) sum.merge(part.take());
        });
        sum.merge(part.take());
        const { upstreamCalls, ...rest } = sum.read();
        const { upstreamCalls: wanted, ...other } = whole.read();
        expect(rest).toEqual(other);
        expect(upstreamCalls).toBeCloseTo(wanted, 9);
        expect(part.read()).toMatchObject({ served: 0, failed: 0, cache: {}, upstreams: {} });
      }),
    );
  });

  it('name an upstream for what it was asked, and not for what was kept of it', () => {
    const sampler = new Sampler();
    const answered = { isServed: true, tookMs: 1, upstream: 'lab', share: 0.25 };
    for (const cache of ['hit', 'stale', 'coalesced', 'miss', 'bypass']) sampler.add({ ...answered, cache });
    expect(sampler.read()).toMatchObject({ upstreams: { lab: 2 }, upstreamCalls: 0.5, served: 5 });
  });

  it('are shown by the second, without gaps, and no longer than is kept', () => {
    const ring = new PointRing(5);
    const sampler = new Sampler();
    sampler.add({ isServed: true, tookMs: 1, cache: 'none', upstream: null, share: 1 });
    ring.add('with', sampler.read(), 1_000);
    ring.add('without', sampler.read(), 4_500);
    expect(ring.list(5_000).map((point) => [point.with_served, point.without_served])).toEqual([
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 1],
    ]);
    expect(ring.list(20_000)).toHaveLength(5);
  });
});

describe('the report', () => {
  it('has the figures of the run, and no markup of others', async () => {
    await tour.start({ auto: false }, '<img src=x>');
    settle();
    ours()?.answer(90, { cache: 'hit', tookMs: 2 });
    theirs()?.answer(45);
    theirs()?.answer(45, { isServed: false });
    pass(1);
    tour.next('tester');
    const html = reportOf(tour.view(), nowMs);
    expect(html).toContain('&#60;img src=x&#62;');
    expect(html).not.toContain('<img');
    expect(html).toContain('<span class="figure">100.0 %</span> of 97 requests served, 0 failed');
    expect(html).toContain('<span class="figure">53.6 %</span> of 97 requests served, 45 failed');
    expect(html).toContain('Not reached.');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });
});
