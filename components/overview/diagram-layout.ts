/** Where the parts of the one-line diagram stand, in the units of its own drawing. */
import { isQuiet, SANDBOX, worstFirst } from '#components/breakers/order.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

export const WIDTH = 900;
const LANE_HEIGHT = 35;
const MIN_LANES = 4;
const TOP = 12;
/** More lanes than this cannot be told apart at a glance; the table below has them all. */
export const MAX_LANES = 6;

export interface Lane {
  readonly component: Component;
  readonly y: number;
  /** Calls and refusals per second in its window. */
  readonly ratePerS: number;
  readonly width: number;
}

export interface Layout {
  readonly height: number;
  /** Where clients, slots and the beginning of all lanes lie. */
  readonly middle: number;
  readonly lanes: readonly Lane[];
  /** Components that have no lane, because nobody calls them or there are too many. */
  readonly hidden: number;
}

/** Components in the order in which they were configured, so that lanes stay where they are; the worst when there are too many. */
export function layoutOf(components: readonly Component[]): Layout {
  const real = components.filter(({ name }) => name !== SANDBOX);
  const busy = real.filter((component) => !isQuiet(component));
  const chosen = busy.length > 0 ? busy : real.filter(({ operation }) => operation === 'chat');
  const worst = new Set(
    worstFirst(chosen)
      .slice(0, MAX_LANES)
      .map(({ name }) => name),
  );
  const shown = chosen.filter(({ name }) => worst.has(name));
  const rows = Math.max(MIN_LANES, shown.length);
  const height = TOP * 2 + rows * LANE_HEIGHT;
  const first = TOP + ((rows - shown.length) / 2 + 0.5) * LANE_HEIGHT;
  return {
    height,
    middle: height / 2,
    lanes: shown.map((component, index) => {
      const ratePerS = component.rate_per_s + component.window.rejected / component.settings.window_s;
      return { component, y: first + index * LANE_HEIGHT, ratePerS, width: lineWidth(component.rate_per_s) };
    }),
    hidden: real.length - shown.length,
  };
}

const MIN_WIDTH = 1.2;
const MAX_WIDTH = 9;

/** Width by the square root of the rate, so that a hundredfold is ten times as wide. */
export function lineWidth(ratePerS: number): number {
  return Math.min(MAX_WIDTH, MIN_WIDTH + Math.sqrt(ratePerS));
}
