/** The one sentence first: what is wrong, since when, and what callers notice of it. */
import { SANDBOX, worstFirst } from '#components/breakers/order.ts';
import { outageSince } from '#components/breakers/why.ts';
import { formatCount, formatRate, formatWindow } from '#components/ui/format.ts';
import type { Component, Snapshot, Traffic } from '#lib/contracts/snapshot.ts';

export interface Headline {
  readonly tone: 'good' | 'warning' | 'bad' | 'held' | 'plain';
  readonly what: string;
  /** ISO time; null when there is nothing to date. */
  readonly since: string | null;
  readonly callers: string;
}

export function headlineOf({ components, totals, traffic, readiness }: Snapshot): Headline {
  const real = worstFirst(components.filter(({ name }) => name !== SANDBOX));
  const callers = noticed(traffic.minute);
  if (!readiness.ready) {
    return { tone: 'warning', what: `Not ready: ${readiness.reasons.join(', ')}`, since: null, callers };
  }
  const troubled = real.filter(({ state, hold }) => state !== 'closed' || hold !== null);
  const [worst] = troubled;
  if (worst !== undefined) {
    const others = totals.not_closed > 1 ? `, ${formatCount(totals.not_closed - 1)} more not closed` : '';
    return {
      tone: toneOf(worst),
      what: `${worst.name} is ${stateOf(worst)}${others}`,
      since: outageSince(worst),
      callers,
    };
  }
  const [failing] = real.filter(isFailing);
  if (failing !== undefined) {
    const { window, settings } = failing;
    const what = `${failing.name} fails ${formatRate(window.failure_rate)} of its calls, opens at ${settings.failure_rate_percent} %`;
    return { tone: 'warning', what, since: null, callers };
  }
  const { failed, refused } = traffic.minute.answers;
  if (failed + refused > 0)
    return { tone: 'warning', what: 'Some calls were not served', since: null, callers };
  if (traffic.recent.requests === 0) {
    return {
      tone: 'plain',
      what: 'All is well, and no traffic',
      since: null,
      callers: `in the last ${formatWindow(traffic.recent)}`,
    };
  }
  // Of those that are not shown the sandbox is one, which protects nothing.
  const closed = components.length === totals.components ? real.length : totals.components - 1;
  return {
    tone: 'good',
    what: `All is well, ${formatCount(closed)} components closed`,
    since: null,
    callers,
  };
}

function stateOf({ state, hold }: Component): string {
  const word = state.replace('_', '-');
  if (hold === null) return word;
  return hold.mode === 'metrics_only' ? 'held in metrics only' : `held ${word}`;
}

function toneOf({ state, hold }: Component): Headline['tone'] {
  if (hold !== null) return 'held';
  return state === 'open' ? 'bad' : 'warning';
}

/** Enough calls to judge, and a tenth of them failed. */
function isFailing({ window, settings }: Component): boolean {
  return window.calls >= settings.minimum_calls && (window.failure_rate ?? 0) >= 0.1;
}

function noticed({ answers, served_rate, requests }: Traffic): string {
  if (requests === 0) return 'no calls in the last minute';
  const missed = [
    answers.refused > 0 ? `${formatCount(answers.refused)} refused` : '',
    answers.failed > 0 ? `${formatCount(answers.failed)} failed` : '',
  ].filter((part) => part !== '');
  if (served_rate === null)
    return 'no call of the last minute could be served: all were at fault themselves or left';
  if (missed.length === 0) return 'callers notice nothing: every valid call of the last minute was served';
  return `callers notice: ${missed.join(', ')} in the last minute, ${formatRate(served_rate)} served`;
}
