/** The steps of the guided demo: what happens in each, what is said of it, and what must be seen before it is over. */
import type { Transition } from '#lib/contracts/breakers.ts';
import { TOUR_UPSTREAMS, type TourFigures } from '#lib/contracts/tour.ts';

export const { failing: FAILING, standby: STANDBY } = TOUR_UPSTREAMS;
const WATCHED = `${FAILING}.chat`;
/** What must be closed again before a burst of embeddings is worth sending. */
const RECOVERING: readonly string[] = [WATCHED, `${FAILING}.embeddings`];

/** What a step can do. */
export interface Stage {
  /** That upstream answers every call with an error; with the first one so does the one that is called directly. */
  fail(upstream: string): void;
  /** Ends what `fail` began. */
  mend(): void;
  /** Many embeddings of many callers at once, on both sides. */
  burst(): void;
}

/** What was seen since the step began. */
export interface Seen {
  /** Of the step. */
  readonly startedMs: number;
  readonly with: TourFigures;
  readonly without: TourFigures;
  /** Of the breakers of both upstreams, oldest first, since the step began. */
  readonly transitions: readonly Transition[];
  /** Components that are not closed. */
  readonly notClosed: () => readonly string[];
  /** Null without one; otherwise whether all its answers have come. */
  readonly isBurstOver: boolean | null;
  /** As it is now; made anew each time. */
  readonly forecast: () => {
    readonly skill: number | null;
    readonly coverage: number | null;
    readonly acting: number;
    readonly targets: number;
    readonly expectedPerMin: number | null;
  };
}

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly page: string;
  readonly pageName: string;
  /** What it waits for, in words. */
  readonly awaits: string;
  /** Shown at least for so long when it goes on by itself, and at most. */
  readonly minS: number;
  readonly maxS: number;
  readonly enter?: (stage: Stage) => void;
  /** What was seen, in a sentence; null as long as it was not. */
  readonly outcome: (seen: Seen) => string | null;
}

/** Answers of either side before its percentiles are told. */
const ENOUGH = 60;

export const STEPS: readonly Step[] = [
  {
    id: 'healthy',
    title: 'All is well',
    text: 'The same seeded requests go two ways at once: through Switchgear, and straight to an upstream just like its first. What was asked before is answered from the cache; the rest costs what the upstream takes.',
    page: '/cache',
    pageName: 'Cache',
    awaits: 'sixty answers on each side',
    minS: 25,
    maxS: 60,
    outcome: ({ with: ours, without }) => {
      if (ours.answers < ENOUGH || without.answers < ENOUGH) return null;
      return `${percent(kept(ours) / ours.answers)} of the answers came from the cache: half of all within ${ms(ours.p50_ms)}, against ${ms(without.p50_ms)} without it.`;
    },
  },
  {
    id: 'fault',
    title: 'The upstream fails',
    text: `From now on ${FAILING} answers every call with an error, and so does the upstream on the other side. The breaker counts failures in its window; once their share is too high, it opens.`,
    page: `/breakers/${WATCHED}`,
    pageName: 'Breaker',
    awaits: `${WATCHED} to open`,
    minS: 10,
    maxS: 45,
    enter: (stage) => stage.fail(FAILING),
    outcome: ({ transitions, startedMs, with: ours, without }) => {
      const opened = transitions.find(({ component, to }) => component === WATCHED && to === 'open');
      if (opened === undefined) return null;
      return `${WATCHED} opened ${seconds(Date.parse(opened.at) - startedMs)} after the failure began, on ${opened.evidence.failures} failures of ${opened.evidence.calls} calls. Meanwhile ${failures(ours)} with Switchgear, ${failures(without)} without.`;
    },
  },
  {
    id: 'fallback',
    title: 'Nobody notices',
    text: `The breaker is open: ${FAILING} is left alone to recover. What is in the cache is still answered, and the rest goes to ${STANDBY}. Without a breaker, every caller goes on asking an upstream that fails.`,
    page: '/',
    pageName: 'Overview',
    awaits: `sixty answers, some of them by ${STANDBY}`,
    minS: 25,
    maxS: 40,
    outcome: ({ with: ours, without }) => {
      const standby = ours.upstreams[STANDBY] ?? 0;
      if (ours.answers < ENOUGH || standby === 0) return null;
      return `${percent(ours.served_share)} of ${ours.answers} requests were served, ${kept(ours)} of them from the cache and ${standby} by ${STANDBY}. Without, ${percent(without.served_share)}.`;
    },
  },
  {
    id: 'stale',
    title: 'The standby fails, too',
    text: 'Now no upstream is left. Answers that are kept are given even when they are past their time, marked as stale. Once the standby’s breaker is open, too, what is not kept is refused at once and says when to try again.',
    page: '/requests',
    pageName: 'Requests',
    awaits: `the breaker of ${STANDBY} to open`,
    minS: 25,
    maxS: 45,
    enter: (stage) => stage.fail(STANDBY),
    outcome: ({ transitions, with: ours, without }) => {
      const opened = transitions.some(
        ({ component, to }) => component.startsWith(`${STANDBY}.`) && to === 'open',
      );
      if (!opened || ours.answers < ENOUGH) return null;
      const stale = ours.cache.stale ?? 0;
      const refused =
        ours.failed_p50_ms === null ? '' : `; half of the others failed within ${ms(ours.failed_p50_ms)}`;
      return `${kept(ours)} of ${ours.answers} requests were served from what is kept, ${stale} of them stale${refused}. Without, ${percent(without.served_share)} were served.`;
    },
  },
  {
    id: 'recovery',
    title: 'Recovery',
    text: 'The upstreams work again. An open breaker lets a few probes through after its time; when they succeed it closes, and traffic comes back in a ramp, not all at once. Until then what is not kept is still refused here, while the other side works again at once: that is the price.',
    page: `/breakers/${WATCHED}`,
    pageName: 'Breaker',
    awaits: `${WATCHED} to probe and to close`,
    minS: 15,
    maxS: 75,
    enter: (stage) => stage.mend(),
    outcome: ({ transitions, notClosed, startedMs, with: ours }) => {
      const closed = transitions.findLast(({ component, to }) => component === WATCHED && to === 'closed');
      if (closed === undefined || notClosed().some((name) => RECOVERING.includes(name))) return null;
      return `${WATCHED} closed ${seconds(Date.parse(closed.at) - startedMs)} after its upstream was mended, without anybody's doing. Of ${ours.answers} requests of this step ${ours.served} were served.`;
    },
  },
  {
    id: 'forecast',
    title: 'What is coming',
    text: 'Demand repeats from day to day; in this demo a day takes five minutes. Connections, workers, cache and models in memory are sized by a forecast, where it has proved to be better than the last value.',
    page: '/allocation',
    pageName: 'Allocation',
    awaits: 'a forecast that was scored',
    minS: 20,
    maxS: 40,
    outcome: ({ forecast }) => {
      const { skill, coverage, acting, targets, expectedPerMin } = forecast();
      if (skill === null || expectedPerMin === null) return null;
      const band = coverage === null ? '' : `; its 90 % band held ${percent(coverage)} of what came`;
      return `${Math.round(expectedPerMin)} requests a minute are expected next. That forecast is ${percent(Math.abs(skill))} ${skill >= 0 ? 'better' : 'worse'} than the last value${band}. ${acting} of ${targets} things have forecasts that proved better, and are sized by them.`;
    },
  },
  {
    id: 'batching',
    title: 'A burst of embeddings',
    text: 'Many callers ask for embeddings at once. Switchgear merges what is in flight into calls of several texts, and answers what it has from the cache; without it every request is a call of its own.',
    page: '/batching',
    pageName: 'Batching',
    awaits: 'all answers of the burst',
    minS: 15,
    maxS: 45,
    enter: (stage) => stage.burst(),
    outcome: ({ isBurstOver, with: ours, without }) => {
      if (isBurstOver !== true || ours.served === 0) return null;
      return `${ours.served} requests took ${Math.round(ours.upstream_calls)} calls to the upstream; half of the requests were answered within ${ms(ours.p50_ms)}. Without, ${without.served} took ${Math.round(without.upstream_calls)} calls, and half were answered within ${ms(without.p50_ms)}.`;
    },
  },
];

function kept({ cache }: TourFigures): number {
  return (cache.hit ?? 0) + (cache.stale ?? 0) + (cache.coalesced ?? 0);
}

function failures({ failed, answers }: TourFigures): string {
  return `${failed} of ${answers} requests failed`;
}

function percent(share: number | null): string {
  return share === null ? 'none' : `${(share * 100).toFixed(share > 0.995 && share < 1 ? 2 : 0)} %`;
}

function ms(value: number | null): string {
  if (value === null) return 'no answer';
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

function seconds(valueMs: number): string {
  return `${(Math.max(0, valueMs) / 1_000).toFixed(1)} s`;
}
