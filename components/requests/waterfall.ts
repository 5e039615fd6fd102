/** Where each span of a request lies on one scale, in percent of its width. */
import type { RequestRecord, Span } from '#lib/contracts/requests.ts';

export interface Bar {
  readonly span: Span;
  readonly leftPercent: number;
  readonly widthPercent: number;
  /** Of the first byte, from the scale's beginning; null where none came. */
  readonly firstBytePercent: number | null;
}

export interface Waterfall {
  readonly bars: readonly Bar[];
  /** Round times on the scale. */
  readonly ticks: readonly { readonly ms: number; readonly percent: number }[];
  /** When the client had its first byte; null when it never had. */
  readonly clientPercent: number | null;
  readonly scaleMs: number;
}

/** Steps between ticks are 1, 2 or 5 times a power of ten. */
const NICE = [1, 2, 5, 10];
const MAX_TICKS = 4;
/** A request of no length at all still needs a scale. */
const MIN_SCALE_MS = 0.01;

export function waterfallOf({ spans, total_ms, first_byte_ms }: RequestRecord): Waterfall {
  const ends = spans.map(({ start_ms, duration_ms }) => start_ms + duration_ms);
  const scaleMs = Math.max(total_ms, first_byte_ms ?? 0, MIN_SCALE_MS, ...ends);
  const percent = (ms: number) => Math.min(100, Math.max(0, (ms / scaleMs) * 100));
  const stepMs = tickStepMs(scaleMs);
  const count = Math.floor(scaleMs / stepMs + 1e-9);
  return {
    bars: spans.map((span) => ({
      span,
      leftPercent: percent(span.start_ms),
      widthPercent: percent(span.duration_ms),
      firstBytePercent: span.first_byte_ms === null ? null : percent(span.start_ms + span.first_byte_ms),
    })),
    ticks: Array.from({ length: count + 1 }, (_, index) => ({
      ms: index * stepMs,
      percent: percent(index * stepMs),
    })),
    clientPercent: first_byte_ms === null ? null : percent(first_byte_ms),
    scaleMs,
  };
}

export function tickStepMs(scaleMs: number): number {
  const power = 10 ** Math.floor(Math.log10(scaleMs / MAX_TICKS));
  const nice = NICE.find((factor) => scaleMs / (factor * power) <= MAX_TICKS) ?? 10;
  return nice * power;
}
