/**
 * How the calls of a component ended in the last hour, for replays: 21 bytes each, in chunks that are made as they
 * fill, at most `MAX_CHUNKS` of them (262,144 calls, an hour at 72 a second; at higher rates it reaches less far back).
 */
import type { Outcome } from '#lib/breaker/types.ts';

const KEPT_MS = 3_600_000;
const CHUNK_LENGTH = 4_096;
export const MAX_CHUNKS = 64;

/** How a call ended, as a recording numbers it. */
export const ENDS = ['success', 'failure', 'timeout', 'answered', 'left'] as const;
export type End = (typeof ENDS)[number];

/** Columns of the same length, by the time at which calls ended; monotonic milliseconds. */
export interface Recording {
  /** Since when it lacks nothing. */
  fromMs: number;
  toMs: number;
  endedMs: Float64Array;
  durationMs: Float64Array;
  /** Index into `ENDS`. */
  end: Uint8Array;
  /** Of a success the time in which a model was loaded, of a failure the `retry-after`; 0 without. */
  extraMs: Float32Array;
}

type Columns = Pick<Recording, 'endedMs' | 'durationMs' | 'end' | 'extraMs'>;

interface Chunk extends Columns {
  length: number;
}

export class OutcomeLog {
  readonly #startMs: number;
  readonly #chunks: Chunk[] = [];
  /** Of the newest call that had to be forgotten before its hour was over. */
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  record(outcome: Outcome, durationMs: number, nowMs: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.length === CHUNK_LENGTH) chunk = this.#nextChunk(nowMs);
    const { length } = chunk;
    chunk.endedMs[length] = nowMs;
    chunk.durationMs[length] = durationMs;
    chunk.end[length] = ENDS.indexOf(endOf(outcome));
    chunk.extraMs[length] = extraOf(outcome);
    chunk.length += 1;
  }

  recording(nowMs: number): Recording {
    const sinceMs = nowMs - KEPT_MS;
    const chunks = this.#chunks.filter((chunk) => (chunk.endedMs[chunk.length - 1] ?? 0) >= sinceMs);
    const all = columns(chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const { length, ...chunk } of chunks) {
      all.endedMs.set(chunk.endedMs.subarray(0, length), at);
      all.durationMs.set(chunk.durationMs.subarray(0, length), at);
      all.end.set(chunk.end.subarray(0, length), at);
      all.extraMs.set(chunk.extraMs.subarray(0, length), at);
      at += length;
    }
    return { ...all, fromMs: Math.max(this.#startMs, this.#forgottenMs, sinceMs), toMs: nowMs };
  }

  #nextChunk(nowMs: number): Chunk {
    const [oldest] = this.#chunks;
    if (oldest !== undefined) {
      const endedMs = oldest.endedMs[CHUNK_LENGTH - 1] ?? 0;
      if (endedMs < nowMs - KEPT_MS) this.#chunks.shift();
      else if (this.#chunks.length === MAX_CHUNKS) {
        this.#chunks.shift();
        this.#forgottenMs = endedMs;
      }
    }
    const chunk = { ...columns(CHUNK_LENGTH), length: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}

function columns(length: number): Columns {
  return {
    endedMs: new Float64Array(length),
    durationMs: new Float64Array(length),
    end: new Uint8Array(length),
    extraMs: new Float32Array(length),
  };
}

function endOf(outcome: Outcome): End {
  switch (outcome.kind) {
    case 'success':
      return 'success';
    case 'neutral':
      return outcome.answered === true ? 'answered' : 'left';
    case 'failure':
      return outcome.failure.endsWith('_timeout') ? 'timeout' : 'failure';
    default:
      return outcome satisfies never;
  }
}

function extraOf(outcome: Outcome): number {
  if (outcome.kind === 'success') return outcome.loadMs ?? 0;
  return outcome.kind === 'failure' ? (outcome.retryAfterMs ?? 0) : 0;
}
