/** What is compared: each guards one asynchronous call, and is kept in the state that a case needs. */
import { ConsecutiveBreaker, circuitBreaker, handleAll, SamplingBreaker } from 'cockatiel';
import OpossumBreaker from 'opossum';
import { BreakerRegistry } from '../../lib/breaker/registry.ts';
import { breakerSettingsSchema } from '../../lib/contracts/config.ts';

export type CandidateName = 'bare' | 'opossum' | 'cockatiel' | 'switchgear';
export const CANDIDATES: readonly CandidateName[] = ['bare', 'opossum', 'cockatiel', 'switchgear'];

export interface Guarded {
  /** Makes one call that ends well or badly; answers a number, so that no call is done for nothing. */
  call(isGood: boolean): Promise<number>;
  close(): void;
}

/** All samples stay in the window while a case is measured. */
const WINDOW_S = 600;
const LIMITS = { probeLeaseMs: 60_000, capacity: 64 };
const FAILURE = new Error('down');

const work = async (isGood: boolean): Promise<number> => {
  if (!isGood) throw FAILURE;
  return 1;
};

/** Closed, and stays so: the successes before outnumber the failures by far. */
export function closed(name: CandidateName): Guarded {
  switch (name) {
    case 'bare':
      return { call: (isGood) => work(isGood).catch(() => 0), close: () => {} };
    case 'opossum': {
      const breaker = new OpossumBreaker<[boolean]>(work, {
        errorThresholdPercentage: 100,
        rollingCountTimeout: WINDOW_S * 1_000,
        timeout: false,
      });
      return { call: (isGood) => breaker.fire(isGood).then(one, zero), close: () => breaker.shutdown() };
    }
    case 'cockatiel': {
      const breaker = new SamplingBreaker({ threshold: 0.99, duration: WINDOW_S * 1_000, minimumRps: 1 });
      const policy = circuitBreaker(handleAll, { halfOpenAfter: 3_600_000, breaker });
      return { call: (isGood) => policy.execute(() => work(isGood)).catch(() => 0), close: () => {} };
    }
    case 'switchgear':
      return ours({ failure_rate_percent: 100, window_s: WINDOW_S }).guarded;
    default:
      return name satisfies never;
  }
}

/** Open, and stays so. */
export function open(name: Exclude<CandidateName, 'bare'>): Guarded {
  switch (name) {
    case 'opossum': {
      const breaker = new OpossumBreaker<[boolean]>(work, {
        resetTimeout: 3_600_000,
        timeout: false,
      });
      breaker.open();
      return { call: (isGood) => breaker.fire(isGood).then(one, zero), close: () => breaker.shutdown() };
    }
    case 'cockatiel': {
      const breaker = new ConsecutiveBreaker(1);
      const policy = circuitBreaker(handleAll, { halfOpenAfter: 3_600_000, breaker });
      policy.isolate();
      return { call: (isGood) => policy.execute(() => work(isGood)).catch(() => 0), close: () => {} };
    }
    case 'switchgear': {
      const { breaker, guarded } = ours({ minimum_calls: 1, open_s: 3_600 });
      const permit = breaker.admit();
      if (permit.admitted) permit.settle({ kind: 'failure', failure: 'http_5xx', message: 'HTTP 500' });
      return guarded;
    }
    default:
      return name satisfies never;
  }
}

/** The time of one read of so many breakers, in milliseconds. */
export function snapshotMs(name: 'opossum' | 'switchgear', count: number): number {
  if (name === 'switchgear') {
    const registry = new BreakerRegistry({
      now: Date.now,
      monotonicMs: () => performance.now(),
      onTransition: () => {},
    });
    for (let i = 0; i < count; i++) registry.ensure(`c${i}.chat`, breakerSettingsSchema.parse({}), LIMITS);
    const ms = timed(() =>
      registry.list().reduce((sum, breaker) => sum + breaker.snapshot().window.calls, 0),
    );
    registry.close();
    return ms;
  }
  const breakers = Array.from({ length: count }, () => new OpossumBreaker(work, {}));
  const ms = timed(() => breakers.reduce((sum, breaker) => sum + breaker.stats.fires, 0));
  for (const breaker of breakers) breaker.shutdown();
  return ms;
}

const one = () => 1;
const zero = () => 0;

function timed(read: () => number): number {
  const startedAt = performance.now();
  const sum = read();
  const ms = performance.now() - startedAt;
  if (sum !== 0) throw new RangeError(`${sum} calls that nobody made`);
  return ms;
}

function ours(settings: object) {
  const registry = new BreakerRegistry({
    now: Date.now,
    monotonicMs: () => performance.now(),
    onTransition: () => {},
  });
  const breaker = registry.ensure('a.chat', breakerSettingsSchema.parse(settings), LIMITS);
  const guarded: Guarded = {
    async call(isGood) {
      const permit = breaker.admit();
      if (!permit.admitted) return 0;
      try {
        const done = await work(isGood);
        permit.settle({ kind: 'success' });
        return done;
      } catch {
        permit.settle({ kind: 'failure', failure: 'http_5xx', message: 'HTTP 500' });
        return 0;
      }
    },
    close: () => registry.close(),
  };
  return { breaker, guarded };
}
