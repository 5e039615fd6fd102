/** The window of a breaker in words, and who else serves what it protects. */
import { counted, withUnit } from '#components/ui/format.ts';
import type { BreakerView } from '#lib/contracts/breakers.ts';
import type { BreakerSettings } from '#lib/contracts/config.ts';
import type { Component, Snapshot } from '#lib/contracts/snapshot.ts';

/** `last 10 s`, `last 100 calls`. */
export function windowName({ window_kind, window_s, window_calls }: BreakerSettings): string {
  return window_kind === 'time' ? `last ${withUnit(window_s, 's')}` : `last ${counted(window_calls, 'call')}`;
}

/** Calls that are needed before a rate counts. */
export function neededCalls({ window_kind, window_calls, minimum_calls }: BreakerSettings): number {
  return window_kind === 'count' ? Math.min(window_calls, minimum_calls) : minimum_calls;
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

/** What callers notice of it now. */
export function callersNotice(component: Component, snapshot: Snapshot): string {
  const { state, hold, ramp, settings } = component;
  if (component.upstream === null)
    return 'It protects nothing; drills and tests may do with it what they like.';
  const others = othersServing(component, snapshot);
  const elsewhere =
    others.length === 0
      ? 'no other upstream serves these models, so callers get 503 at once'
      : `callers are served by ${others.join(', ')} where it has their model`;
  if (state === 'open') return `Calls are refused here: ${elsewhere}.`;
  if (state === 'half_open')
    return `Up to ${counted(settings.half_open_calls, 'call')} at a time go through as probes; for all others ${elsewhere}.`;
  if (hold?.mode === 'closed') return 'All calls go through, whatever becomes of them.';
  if (hold?.mode === 'metrics_only') return 'All calls go through and are measured; nothing opens it.';
  if (ramp !== null)
    return `It lets callers in again by and by: ${ramp.in_flight} of at most ${ramp.limit} at once now.`;
  return 'Calls go through.';
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
