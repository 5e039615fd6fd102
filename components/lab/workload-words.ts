/** Workloads in words, and what is asked of the server for them. */
import type { Workload, WorkloadSettings } from '#lib/contracts/workload.ts';

export type Shape = WorkloadSettings['shape'];

export const SHAPES: Record<Shape, { name: string; text: string }> = {
  day: { name: 'Daily curve', text: 'A working day with a quiet night and two peaks, compressed in time.' },
  steady: { name: 'Steady', text: 'The same rate all the time, with the jitter of chance.' },
  bursts: {
    name: 'Bursts',
    text: 'A steady rate, and four seconds at five times as much in every half minute.',
  },
  csv: {
    name: 'From CSV',
    text: 'The arrival times of a recording: a column timestamp, and maybe one of requests.',
  },
};

export const END_CAUSES: Record<NonNullable<Workload['end_cause']>, string> = {
  finished: 'It has sent all.',
  stopped: 'It was stopped.',
  shutdown: 'The server was stopped.',
  crashed: 'It crashed; the events say why.',
};

export interface WorkloadDraft {
  readonly shape: Shape;
  readonly ratePerS: number;
  readonly dayS: number;
  readonly seed: number;
  /** Empty: until it is stopped. */
  readonly durationS: string;
  readonly chatModel: string;
  readonly embeddingModel: string;
  readonly speed: number;
  /** Share of the chats that may be cached, percent. */
  readonly deterministicPercent: number;
  readonly csv: string | null;
}

/** What `POST /api/lab/workload` takes. */
export function workloadRequestOf(draft: WorkloadDraft): object {
  const {
    shape,
    ratePerS,
    dayS,
    seed,
    durationS,
    chatModel,
    embeddingModel,
    speed,
    csv,
    deterministicPercent,
  } = draft;
  return {
    shape,
    seed,
    chat_model: chatModel,
    embedding_model: embeddingModel,
    deterministic_share: deterministicPercent / 100,
    ...(shape === 'csv' ? { csv: csv ?? '', speed } : { rate_per_s: ratePerS }),
    ...(shape === 'day' ? { day_s: dayS } : {}),
    ...(durationS === '' ? {} : { duration_s: Number(durationS) }),
  };
}

/** In one line: `Daily curve, 12/s on average, a day in 300 s, seed 1`. */
export function describeSettings(settings: WorkloadSettings): string {
  const { shape, rate_per_s, day_s, seed, arrivals, speed } = settings;
  const parts = [SHAPES[shape].name];
  if (shape === 'csv') parts.push(`${arrivals ?? 0} requests`, `${speed} times as fast`);
  else parts.push(`${rate_per_s}/s on average`);
  if (shape === 'day') parts.push(`a day in ${day_s} s`);
  parts.push(`seed ${seed}`);
  return parts.join(', ');
}

/** Answers by status, the most frequent first. */
export function answersOf({ answers }: Workload): [string, number][] {
  return Object.entries(answers).sort(([, a], [, b]) => b - a);
}
