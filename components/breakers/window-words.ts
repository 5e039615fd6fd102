/** The window of a breaker in words, and who else serves what it protects. */
import { counted, formatMs, UNKNOWN, withUnit } from '#components/ui/format.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';
import type { Component, Snapshot } from '#lib/contracts/snapshot.ts';

/** The component of the cache's shared tier. */
export const REDIS = 'redis';

/** `10 s`, `100 calls`. */
export function windowSpan({ window_kind, window_s, window_calls }: BreakerSettings): string {
  return window_kind === 'time' ? withUnit(window_s, 's') : counted(window_calls, 'call');
}

/** `last 10 s`, `last 100 calls`. */
export function windowName(settings: BreakerSettings): string {
  return `last ${windowSpan(settings)}`;
}

/** Upstreams whose component of the same operation would take its calls. */
export function othersServing(component: Component, { components, upstreams }: Snapshot): string[] {
  const own = upstreams.find(({ name }) => name === component.upstream);
  if (own === undefined) return [];
  return components
    .filter(({ upstream, operation, state }) => {
      if (upstream === null || upstream === own.name || operation !== component.operation) return false;
      const other = upstreams.find(({ name }) => name === upstream);
      return (
        state !== 'open' &&
        other !== undefined &&
        other.models.some((model) => sharesModel(model, own.models))
      );
    })
    .map(({ upstream }) => upstream ?? '');
}

/** Two patterns may name the same model; those with a glob in the middle are taken to. */
function sharesModel(model: string, models: readonly string[]): boolean {
  const isGlob = (name: string) => /[*?[{!]/.test(name);
  return models.some((each) => each === model || isGlob(each) || isGlob(model));
}

const NOT_ALL = 'There are more upstreams than are looked at here';

/** The stream shows some of what there is, so that nothing can be said of the others. */
function isPart({ components, totals }: Snapshot): boolean {
  return totals.components > components.length;
}

/** What callers would notice if it were open. */
export function whoServesInstead(component: Component, snapshot: Snapshot): string {
  if (component.name === REDIS) return 'Answers are kept and found in memory alone meanwhile.';
  if (component.upstream === null) return 'Nothing else depends on it.';
  const others = othersServing(component, snapshot);
  if (others.length === 0) {
    return isPart(snapshot)
      ? `${NOT_ALL}: where none of them serves these models, callers will get 503.`
      : 'No other upstream serves these models now: callers will get 503.';
  }
  return `They go on to ${others.join(', ')} where it has their model; the others will get 503.`;
}

/** What callers notice of it now. */
export function callersNotice(component: Component, snapshot: Snapshot): string {
  const { state, hold, ramp, settings } = component;
  if (component.name === REDIS)
    return state === 'closed'
      ? 'The cache asks it for what memory does not have.'
      : 'Nothing but fewer hits: the cache goes on in memory alone.';
  if (component.upstream === null)
    return 'It protects nothing; drills and tests may do with it what they like.';
  const others = othersServing(component, snapshot);
  const elsewhere =
    others.length === 0
      ? isPart(snapshot)
        ? 'another upstream may serve these models; where none does, callers get 503 at once'
        : 'no other upstream serves these models, so callers get 503 at once'
      : `callers are served by ${others.join(', ')} where it has their model`;
  if (state === 'open') return `Calls are refused here: ${elsewhere}.`;
  if (state === 'half_open')
    return `Up to ${counted(settings.half_open_calls, 'call')} at a time go through as probes; for all others ${elsewhere}.`;
  if (hold?.mode === 'closed') return 'All calls go through, whatever becomes of them.';
  if (hold?.mode === 'metrics_only') return 'All calls go through and are measured; nothing opens it.';
  if (ramp !== null) return `Calls up to that number go through; beyond it ${elsewhere}.`;
  return 'Calls go through.';
}

/** `44 ms · 96 ms · 1.2 s`. */
export function latencies({ p50, p90, p99 }: BreakerView['latency_ms']): string {
  const all = [p50, p90, p99];
  return all.every((ms) => ms === null) ? UNKNOWN : all.map(formatMs).join(' · ');
}

/** What is known of the breaker against what would open it, for both rates. */
export function thresholdsOf({ window, settings }: Pick<BreakerView, 'window' | 'settings'>) {
  return [
    {
      name: 'failed',
      rate: window.failure_rate,
      count: window.failures,
      thresholdPercent: settings.failure_rate_percent,
    },
    {
      name: 'slow',
      rate: window.slow_rate,
      count: window.slow,
      thresholdPercent: settings.slow_rate_percent,
    },
  ] as const;
}
