/** The diagram in words and tones. */
import { whyOf } from '#components/breakers/why.ts';
import type { Layout } from '#components/overview/diagram-layout.ts';
import { formatDuration, formatPerSecond } from '#components/ui/format.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

export function toneOf({ state, hold }: Component): string {
  if (hold !== null) return 'text-held';
  return { open: 'text-open', half_open: 'text-half-open', closed: 'text-closed' }[state];
}

/** What stands at the end of a lane. */
export function endText({ state, hold, retry_at }: Component, ratePerS: number, nowMs: number): string {
  if (hold !== null && state === 'open') return 'held open';
  if (state === 'open') {
    return retry_at === null ? 'open' : `retry ${formatDuration(Date.parse(retry_at) - nowMs)}`;
  }
  return state === 'half_open' ? 'half-open' : `${formatPerSecond(ratePerS)}/s`;
}

/** @param keptPerS requests per second that were answered from what is kept */
export function textOf({ lanes, hidden }: Layout, inFlight: number, keptPerS: number, nowMs: number): string {
  const parts = lanes.map(({ component, ratePerS }) => {
    const { cause } = whyOf(component, nowMs, false);
    const state = component.hold === null ? component.state.replace('_', '-') : `held ${component.state}`;
    return `${component.name} is ${state}${cause === '' ? '' : `, ${cause}`}, ${formatPerSecond(ratePerS)} calls per second`;
  });
  return `${inFlight} requests under way, ${formatPerSecond(keptPerS)} per second answered from what is kept. ${parts.join('; ')}.${hidden > 0 ? ` ${hidden} more components are not drawn.` : ''}`;
}
