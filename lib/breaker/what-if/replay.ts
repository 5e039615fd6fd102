/**
 * Replays recorded calls against settings, in the breaker itself, on the recording's own clock. A call that the
 * replayed breaker refuses counts by what it really came to. Calls that were really refused are in no recording: what
 * they would have come to is not known. Open times are replayed without jitter.
 */
import { ENDS, type Recording } from '#lib/breaker/outcome-log.ts';
import { BreakerRegistry } from '#lib/breaker/registry.ts';
import type { BreakerLimits, Outcome, Permit } from '#lib/breaker/types.ts';
import { isSlow } from '#lib/breaker/verdict.ts';
import type { Replay, Transition } from '#lib/contracts/breakers.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';

/** Trips that are listed; all are counted. */
const MAX_TRIPS = 200;

export interface ReplayInput {
  recording: Recording;
  settings: BreakerSettings;
  limits: BreakerLimits;
  /** What to add to the recording's times for epoch milliseconds. */
  epochMs: number;
}

export function replay({ recording, settings, limits, epochMs }: ReplayInput): Replay {
  let nowMs = recording.fromMs;
  const trips = new Trips();
  const registry = new BreakerRegistry({
    now: () => epochMs + nowMs,
    monotonicMs: () => nowMs,
    random: () => 0.5,
    onTransition: (transition) => trips.note(transition),
  });
  const breaker = registry.ensure('replay', settings, limits);
  const permits = new Map<number, Permit>();
  let saved = 0;
  let wronglyRefused = 0;
  for (const { call, atMs, begins } of moments(recording)) {
    nowMs = Math.max(nowMs, atMs);
    const outcome = outcomeOf(recording, call);
    if (!begins) {
      permits.get(call)?.settle(outcome);
      permits.delete(call);
      continue;
    }
    const answer = breaker.admit();
    if (answer.admitted) permits.set(call, answer);
    else if (isWorthSparing(outcome, recording.durationMs[call] ?? 0, settings)) saved += 1;
    else if (outcome.kind === 'success') wronglyRefused += 1;
  }
  nowMs = Math.max(nowMs, recording.toMs);
  registry.close();
  return {
    settings,
    ...trips.until(epochMs + nowMs),
    calls_saved: saved,
    calls_wrongly_refused: wronglyRefused,
  };
}

interface Moment {
  call: number;
  atMs: number;
  begins: boolean;
}

/** The beginnings and ends of all calls, in their order. */
function* moments({ endedMs, durationMs, fromMs }: Recording): Generator<Moment> {
  const startOf = (call: number) => (endedMs[call] ?? 0) - (durationMs[call] ?? 0);
  const calls = endedMs.findIndex((ended) => ended >= fromMs);
  const first = calls === -1 ? endedMs.length : calls;
  const starts = Float64Array.from({ length: endedMs.length - first }, (_, i) => startOf(first + i));
  const byStart = Uint32Array.from(starts.keys()).sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0));
  let next = 0;
  for (let ending = first; ending < endedMs.length; ending++) {
    const endMs = endedMs[ending] ?? 0;
    for (; next < byStart.length; next++) {
      const call = first + (byStart[next] ?? 0);
      const startMs = startOf(call);
      if (startMs > endMs) break;
      yield { call, atMs: startMs, begins: true };
    }
    yield { call: ending, atMs: endMs, begins: false };
  }
}

function outcomeOf({ end, extraMs }: Recording, call: number): Outcome {
  const extra = extraMs[call] ?? 0;
  const kind = ENDS[end[call] ?? 0] ?? 'success';
  switch (kind) {
    case 'success':
      return { kind: 'success', loadMs: extra };
    case 'answered':
      return { kind: 'neutral', answered: true };
    case 'left':
      return { kind: 'neutral' };
    case 'timeout':
      return { kind: 'failure', failure: 'total_timeout', message: kind };
    case 'failure':
      return { kind: 'failure', failure: 'http_5xx', message: kind, retryAfterMs: extra };
    default:
      return kind satisfies never;
  }
}

function isWorthSparing(outcome: Outcome, durationMs: number, settings: BreakerSettings): boolean {
  return outcome.kind === 'failure' || (outcome.kind === 'success' && isSlow(outcome, durationMs, settings));
}

type Trip = Replay['trips'][number];

class Trips {
  readonly #trips: Trip[] = [];
  #count = 0;
  #openedAtMs: number | null = null;
  #openMs = 0;

  note({ at, from, to, cause, evidence }: Transition): void {
    if (from === 'closed' && to === 'open') {
      const { calls, failure_rate, slow_rate } = evidence;
      this.#trips.push({ at, until: null, cause, calls, failure_rate, slow_rate });
      if (this.#trips.length > MAX_TRIPS) this.#trips.shift();
      this.#count += 1;
      this.#openedAtMs = Date.parse(at);
    } else if (to === 'closed' && this.#openedAtMs !== null) {
      this.#openMs += Date.parse(at) - this.#openedAtMs;
      this.#openedAtMs = null;
      const last = this.#trips.at(-1);
      if (last !== undefined) last.until = at;
    }
  }

  until(endMs: number): Pick<Replay, 'trips' | 'trip_count' | 'open_s'> {
    const runningMs = this.#openedAtMs === null ? 0 : endMs - this.#openedAtMs;
    return { trips: this.#trips, trip_count: this.#count, open_s: (this.#openMs + runningMs) / 1_000 };
  }
}
