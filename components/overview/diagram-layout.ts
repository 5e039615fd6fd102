/** Where the parts of the one-line diagram stand, in the units of its own drawing. */
import { isQuiet, worstFirst } from '#components/breakers/order.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

export const WIDTH = 980;
export const BOX = { width: 104, height: 54 } as const;
/** The first stage begins here, and all lanes leave the last one by here. */
const STAGES_FROM = 12;
export const STAGES_TO = 472;
export const SWITCH_X = 676;
/** A lane runs straight from here on. */
export const STRAIGHT_X = SWITCH_X - 116;
export const TARGET = { x: 786, width: 182, height: 30 } as const;

const LANE_HEIGHT = 35;
const MIN_LANES = 4;
const TOP = 12;
/** More lanes than this cannot be told apart at a glance; the table below has them all. */
export const MAX_LANES = 6;

/** A part of the way that all requests take. */
export interface Stage {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  /** Requests per second that leave it. */
  readonly ratePerS: number;
  /** What is wrong with it. */
  readonly warning?: string;
}

/** Left edge of each of so many stages, evenly spread; alone it stands at the end. */
export function stageXs(count: number): number[] {
  const last = STAGES_TO - BOX.width;
  if (count < 2) return [last];
  return Array.from({ length: count }, (_, index) =>
    Math.round(STAGES_FROM + (index * (last - STAGES_FROM)) / (count - 1)),
  );
}

export interface Lane {
  readonly component: Component;
  readonly y: number;
  /** Calls and refusals per second in its window. */
  readonly ratePerS: number;
  readonly width: number;
}

export interface Layout {
  readonly height: number;
  /** Where the stages and the beginning of all lanes lie. */
  readonly middle: number;
  readonly lanes: readonly Lane[];
  /** Components that have no lane, because nobody calls them or there are too many. */
  readonly hidden: number;
}

/**
 * Components in the order in which they were configured, so that lanes stay where they are; the worst when there are
 * too many. Before anybody calls there are those for chats, to show what there will be.
 *
 * @param isBusy whether a component was called of late
 */
export function layoutOf(components: readonly Component[], isBusy: (component: string) => boolean): Layout {
  const real = components.filter(({ upstream }) => upstream !== null);
  const busy = real.filter((component) => !isQuiet(component) || isBusy(component.name));
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
