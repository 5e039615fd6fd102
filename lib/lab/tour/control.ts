/**
 * The guided demo. Two workloads send the same seeded requests: one through the gateway, one straight to an upstream
 * of its own that is just like the gateway's first and fails with it. Steps go on by themselves or when told, and each
 * is over when what it is about was really seen.
 */
import type { Transition } from '#lib/contracts/breakers.ts';
import type { FaultRequest } from '#lib/contracts/faults.ts';
import {
  TOUR_UPSTREAMS,
  type Tour,
  type TourNow,
  type TourRequest,
  type TourStep,
} from '#lib/contracts/tour.ts';
import { type WorkloadRequest, workloadRequestSchema } from '#lib/contracts/workload.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { FaultTarget } from '#lib/lab/faults.ts';
import { PointRing, type Side, Tally } from '#lib/lab/tour/figures.ts';
import { type Seen, STEPS, type Stage } from '#lib/lab/tour/steps.ts';
import { WorkloadControl, type WorkloadParts } from '#lib/lab/workload/control.ts';
import type { Sample } from '#lib/lab/workload/sample.ts';

/** The upstream of the other side. */
export interface Twin extends FaultTarget {
  readonly url: string;
  close(): Promise<void>;
}

/** A fault that is on its way. */
export interface Injected {
  /** Whether it strikes yet: it ends by itself, or by somebody's hand. */
  readonly isOn: () => boolean;
  readonly end: () => void;
}

export interface TourParts {
  readonly now: () => number;
  readonly randomId: () => string;
  /** Why it cannot be given on this server; null when it can. */
  readonly refusal: () => string | null;
  /** Of the gateway: the one that every page shows. Its samples come to `sampled`. */
  readonly workload: Pick<WorkloadControl, 'start' | 'stop' | 'status'>;
  /** What both sides send. */
  readonly request: () => WorkloadRequest;
  readonly gateway: WorkloadParts['target'];
  readonly startTwin: () => Promise<Twin>;
  readonly inject: (fault: FaultRequest, by: string) => Injected;
  readonly onTransition: (listener: (transition: Transition) => void) => () => void;
  /** Components of upstreams that are not closed. */
  readonly notClosed: Seen['notClosed'];
  readonly forecast: Seen['forecast'];
  readonly onEvent: (event: {
    type: 'tour_started' | 'tour_moved' | 'tour_ended';
    by: string | null;
    detail: unknown;
  }) => void;
  /** Starts a workload's thread; the usual one without it. */
  readonly startWorker?: WorkloadParts['startWorker'];
}

const SHOWN_S = 300;
/** Should nobody end the demo, what it has broken works again after that time. */
const FAULT_S = 900;
const FAULT_STATUS = 503;
const MAX_TRANSITIONS = 500;
/** More than an upstream carries call by call, and little for one that is asked in batches. */
const BURST = { rate_per_s: 150, duration_s: 8, prompts: 5_000, zipf: 0.6, shape: 'steady' } as const;
const TO_MS = 1_000;

interface StepRecord {
  readonly state: TourStep['state'];
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly outcome: string | null;
  readonly figures: TourStep['figures'];
}
const AHEAD: StepRecord = { state: 'ahead', startedMs: null, endedMs: null, outcome: null, figures: null };

export class TourControl {
  readonly #parts: TourParts;
  #state: Tour['state'] = 'idle';
  #auto = true;
  #by: string | null = null;
  #startedMs: number | null = null;
  #endedMs: number | null = null;
  #message: string | null = null;
  #at = 0;
  #steps: StepRecord[] = STEPS.map(() => AHEAD);
  #tally = new Tally();
  #totals = new Tally();
  #points = new PointRing(SHOWN_S);
  #transitions: Transition[] = [];
  /** Of the direct side, and both of a burst. */
  #direct: WorkloadControl | null = null;
  #burst: readonly WorkloadControl[] | null = null;
  #twin: Twin | null = null;
  #faults: Injected[] = [];
  /** When the gateway's workload began, which tells it from another one. */
  #workloadSince: string | null = null;
  /** Sides whose next sample reaches back into the step before. */
  #late = new Set<Side>();
  #before: { at: number; tally: Tally } | null = null;
  #unsubscribe: () => void = () => {};
  /** Resolves when the other side is. */
  #gone: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: TourParts) {
    this.#parts = parts;
  }

  /**
   * Begins anew. A workload that runs is stopped, since both sides must send the same.
   * @throws SwitchgearError `conflict` while one runs or where there is no lab for it, `shutting_down`
   */
  async start({ auto, reason }: TourRequest, by: string): Promise<Tour> {
    if (this.#closed) throw new SwitchgearError('shutting_down', 'The server is shutting down');
    if (this.#state === 'running' || this.#state === 'starting')
      throw new SwitchgearError('conflict', 'The guided demo is running already; stop it first');
    const { refusal } = this;
    if (refusal !== null) throw new SwitchgearError('conflict', refusal);
    this.#reset(auto, by);
    const opening = this.#open(by);
    this.#gone = opening.catch(() => {});
    try {
      await opening;
    } catch (thrown) {
      // It may have been closed meanwhile.
      if (!this.#closed) this.#end(thrown instanceof Error ? thrown.message : String(thrown), null);
      throw thrown;
    }
    if (!this.#closed) {
      this.#state = 'running';
      this.#parts.onEvent({
        type: 'tour_started',
        by,
        detail: { auto, ...(reason === undefined ? {} : { reason }) },
      });
      this.#enter(0, by);
    }
    return this.view();
  }

  /** On to the next step, whether it was seen or not. @throws SwitchgearError `conflict` when none runs */
  next(by: string): Tour {
    this.#mustRun();
    this.#advance(by);
    const title = STEPS[this.#at]?.title;
    if (this.now !== null) this.#parts.onEvent({ type: 'tour_moved', by, detail: { title } });
    return this.view();
  }

  /** @throws SwitchgearError `conflict` when none runs */
  setAuto(auto: boolean): Tour {
    this.#mustRun();
    this.#auto = auto;
    return this.view();
  }

  /** @throws SwitchgearError `conflict` when none runs */
  stop(by: string): Tour {
    this.#mustRun();
    this.#end('It was stopped.', by);
    return this.view();
  }

  /** What came back through the gateway. */
  sampled(sample: Sample): void {
    if (this.#state === 'running') this.#take('with', sample);
  }

  /** Once a second. */
  tick(): void {
    if (this.#state !== 'running') return;
    const trouble = this.#trouble();
    if (trouble !== null) {
      this.#end(trouble, null);
      return;
    }
    const step = STEPS[this.#at];
    const record = this.#steps[this.#at];
    if (step === undefined || record?.startedMs == null) return;
    const outcome = step.outcome(this.#seen(record.startedMs));
    this.#note({ outcome });
    const elapsedS = (this.#parts.now() - record.startedMs) / TO_MS;
    if (this.#auto && elapsedS >= (outcome === null ? step.maxS : step.minS))
      this.#advance(this.#by ?? 'demo');
  }

  view(): Tour {
    const iso = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString());
    return {
      state: this.#state,
      refusal: this.refusal,
      auto: this.#auto,
      by: this.#by,
      started_at: iso(this.#startedMs),
      ended_at: iso(this.#endedMs),
      message: this.#message,
      steps: STEPS.map(({ id, title, text, page, pageName, awaits }, at) => {
        const { state, startedMs, endedMs, outcome, figures } = this.#steps[at] ?? AHEAD;
        return {
          id,
          title,
          text,
          page,
          page_name: pageName,
          awaits,
          state,
          started_at: iso(startedMs),
          ended_at: iso(endedMs),
          outcome,
          figures: state === 'now' ? this.#tally.figures : figures,
        };
      }),
      totals: this.#totals.figures,
      points: this.#points.list(this.#endedMs ?? this.#parts.now()),
    };
  }

  get refusal(): string | null {
    return this.#parts.refusal();
  }

  get now(): TourNow | null {
    const step = STEPS[this.#at];
    if (this.#state !== 'running' || step === undefined) return null;
    const { title, page, pageName } = step;
    return { title, step: this.#at + 1, steps: STEPS.length, page, page_name: pageName };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#state === 'starting') await this.#gone;
    if (this.#state === 'running' || this.#state === 'starting') this.#end('The server was stopped.', null);
    await this.#gone;
  }

  #reset(auto: boolean, by: string): void {
    this.#state = 'starting';
    this.#auto = auto;
    this.#by = by;
    this.#startedMs = this.#parts.now();
    this.#endedMs = null;
    this.#message = null;
    this.#at = 0;
    this.#steps = STEPS.map(() => AHEAD);
    this.#tally = new Tally();
    this.#totals = new Tally();
    this.#points = new PointRing(SHOWN_S);
    this.#transitions = [];
    this.#workloadSince = null;
  }

  async #open(by: string): Promise<void> {
    const { workload, request } = this.#parts;
    const twin = await this.#parts.startTwin();
    if (this.#closed) {
      await twin.close();
      return;
    }
    this.#twin = twin;
    this.#unsubscribe = this.#parts.onTransition((transition) => {
      this.#transitions = [...this.#transitions, transition].slice(-MAX_TRANSITIONS);
    });
    if (workload.status().state === 'running') workload.stop(by);
    const wanted = { ...request(), reason: 'guided demo' };
    this.#direct = this.#workloadTo(addressOf(twin), (sample) => this.#take('without', sample));
    await Promise.all([workload.start(wanted, by), this.#direct.start(wanted, by)]);
    this.#workloadSince = workload.status().started_at;
  }

  #workloadTo(target: WorkloadParts['target'], onSample: (sample: Sample) => void): WorkloadControl {
    const { now, randomId, startWorker } = this.#parts;
    return new WorkloadControl({
      now,
      randomId,
      target,
      // Of the two sides only the gateway's is told.
      onEvent: () => {},
      onSample,
      ...(startWorker === undefined ? {} : { startWorker }),
    });
  }

  /** Why the two sides are not alike any more; null while they are. */
  #trouble(): string | null {
    const { state, started_at } = this.#parts.workload.status();
    if (state !== 'running') return 'The workload through the gateway has ended.';
    if (started_at !== this.#workloadSince) return 'Another workload was started through the gateway.';
    if (this.#direct?.status().state !== 'running') return 'The workload of the other side has ended.';
    if (this.#faults.some(({ isOn }) => !isOn()))
      return 'What the demo had broken was mended by somebody else.';
    return null;
  }

  #enter(at: number, by: string): void {
    this.#before = at === 0 ? null : { at: this.#at, tally: this.#tally };
    this.#at = at;
    this.#tally = new Tally();
    this.#transitions = [];
    this.#late = new Set(['with', 'without']);
    this.#note({ state: 'now', startedMs: this.#parts.now() });
    try {
      STEPS[at]?.enter?.(this.#stage(by));
    } catch (thrown) {
      this.#end(thrown instanceof Error ? thrown.message : String(thrown), null);
    }
  }

  #advance(by: string): void {
    const { startedMs, outcome } = this.#steps[this.#at] ?? AHEAD;
    const seen = STEPS[this.#at]?.outcome(this.#seen(startedMs ?? 0)) ?? outcome;
    this.#note({
      state: seen === null ? 'skipped' : 'done',
      outcome: seen,
      endedMs: this.#parts.now(),
      figures: this.#tally.figures,
    });
    this.#endBurst();
    if (this.#at + 1 < STEPS.length) this.#enter(this.#at + 1, by);
    else this.#end(null, null);
  }

  #stage(by: string): Stage {
    return {
      fail: (upstream) => this.#fail(upstream, by),
      mend: () => this.#mend(),
      burst: () => this.#startBurst(),
    };
  }

  #fail(upstream: string, by: string): void {
    const fault = { upstream, kind: 'error', rate: 1, status: FAULT_STATUS, duration_s: FAULT_S } as const;
    this.#faults.push(this.#parts.inject({ ...fault, reason: 'guided demo' }, by));
    const twin = this.#twin;
    if (upstream !== TOUR_UPSTREAMS.failing || twin === null) return;
    const id = this.#parts.randomId();
    const endsAtMs = this.#parts.now() + FAULT_S * TO_MS;
    twin.applyFault({ id, kind: 'error', rate: 1, status: FAULT_STATUS, latencyMs: 0, endsAtMs }, () => {});
    this.#faults.push({ isOn: () => true, end: () => twin.removeFault(id) });
  }

  #mend(): void {
    for (const { end } of this.#faults.splice(0)) end();
  }

  #startBurst(): void {
    const twin = this.#twin;
    if (twin === null) return;
    const { seed, embedding_model, chat_model } = this.#parts.request();
    const wanted = workloadRequestSchema.parse({
      ...BURST,
      seed,
      chat_model,
      embedding_model,
      mix: { chat: 0, stream: 0, embeddings: 1 },
    });
    const burst = [
      this.#workloadTo(this.#parts.gateway, (sample) => this.#take('with', sample, true)),
      this.#workloadTo(addressOf(twin), (sample) => this.#take('without', sample, true)),
    ];
    this.#burst = burst;
    Promise.all(burst.map((workload) => workload.start(wanted, this.#by ?? 'demo'))).catch(
      (thrown: Error) => {
        if (this.#burst === burst) this.#end(thrown.message, null);
      },
    );
  }

  #endBurst(): void {
    for (const workload of this.#burst ?? []) void workload.close();
    this.#burst = null;
  }

  /** @param isBurst such a one begins with its step */
  #take(side: Side, sample: Sample, isBurst = false): void {
    this.#totals.add(side, sample);
    this.#points.add(side, sample, this.#parts.now());
    // The first one after a step has begun was collected during the one before.
    const before = !isBurst && this.#late.delete(side) ? this.#before : null;
    (before?.tally ?? this.#tally).add(side, sample);
    if (before !== null) this.#note({ figures: before.tally.figures }, before.at);
  }

  #seen(startedMs: number): Seen {
    const states = this.#burst?.map((workload) => workload.status().state) ?? null;
    return {
      startedMs,
      ...this.#tally.figures,
      transitions: this.#transitions,
      notClosed: this.#parts.notClosed,
      isBurstOver: states?.every((state) => state === 'ended') ?? null,
      forecast: this.#parts.forecast,
    };
  }

  #note(news: Partial<StepRecord>, place = this.#at): void {
    this.#steps = this.#steps.map((step, at) => (at === place ? { ...step, ...news } : step));
  }

  #mustRun(): void {
    if (this.#state !== 'running') throw new SwitchgearError('conflict', 'The guided demo is not running');
  }

  /** Whatever ends it: what it has broken works again, and the other side is gone. The gateway's workload goes on. */
  #end(message: string | null, by: string | null): void {
    const { state, outcome } = this.#steps[this.#at] ?? AHEAD;
    if (state === 'now') {
      const ended = outcome === null ? 'skipped' : 'done';
      this.#note({ state: ended, endedMs: this.#parts.now(), figures: this.#tally.figures });
    }
    this.#state = 'over';
    this.#message = message;
    this.#endedMs = this.#parts.now();
    this.#mend();
    this.#unsubscribe();
    this.#endBurst();
    this.#gone = Promise.all([this.#direct?.close(), this.#twin?.close()]);
    this.#direct = null;
    this.#twin = null;
    const seen = this.#steps.filter(({ state }) => state === 'done').length;
    this.#parts.onEvent({
      type: 'tour_ended',
      by,
      detail: { seen, of: STEPS.length, ...(message === null ? {} : { message }) },
    });
  }
}

function addressOf({ url }: Twin): WorkloadParts['target'] {
  const { hostname, port } = new URL(url);
  return () => ({ host: hostname, port: Number(port), apiKey: null });
}
