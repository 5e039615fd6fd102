/** Every event in a few words: what happened, and the one line that explains it. */
import { windowSpan } from '#components/breakers/window-words.ts';
import { counted, formatDuration, formatRate, withUnit } from '#components/ui/format.ts';
import { partOf } from '#components/ui/part-of.ts';
import { transitionSchema } from '#lib/contracts/breakers.ts';
import { drillSchema } from '#lib/contracts/drills.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { faultSchema } from '#lib/contracts/faults.ts';

export type EventTone = 'plain' | 'good' | 'warning' | 'bad' | 'held';

export interface EventText {
  readonly title: string;
  readonly text: string;
  readonly tone: EventTone;
}

const STATES = {
  open: ['opened', 'bad'],
  half_open: ['half-open', 'warning'],
  closed: ['closed', 'good'],
} as const;

export function describeEvent(event: LoggedEvent): EventText {
  const { type, component = '', detail } = event;
  if (type.startsWith('breaker_')) return breakerText(event);
  if (type === 'fault_injected' || type === 'fault_ended') return faultText(event);
  if (type === 'operator_purge' || type === 'operator_cache_size') return cacheText(event);
  if (type.startsWith('allocation_') || type.startsWith('model_') || type === 'operator_allocation')
    return allocationText(event);
  if (type === 'load_test_started' || type === 'load_test_ended') {
    const state = String(partOf(detail, 'state') ?? '');
    const said = [state, byLine(event.by, messageIn(detail))];
    return {
      title: type === 'load_test_started' ? 'Load test started' : 'Load test ended',
      text: joined(said),
      tone: state === 'failed' ? 'bad' : 'plain',
    };
  }
  if (type === 'operator_import')
    return { title: 'Recorded usage taken up', text: byLine(event.by, reasonIn(detail)), tone: 'plain' };
  if (type.startsWith('operator_')) {
    const act = type.slice('operator_'.length).replaceAll('_', ' ');
    const text = [changedSettings(detail), byLine(event.by, reasonIn(detail))];
    return { title: `${component} ${act}`, text: joined(text), tone: 'plain' };
  }
  if (type === 'drill_started' || type === 'drill_ended') return drillText(event);
  if (type === 'workload_started' || type === 'workload_ended') return workloadText(event);
  const known = PLAIN[type];
  if (known !== undefined)
    return { title: known.title, text: byLine(event.by, messageIn(detail)), tone: known.tone };
  const title = [component, type.replaceAll('_', ' ')].filter((part) => part !== '').join(' ');
  return { title, text: byLine(event.by, messageIn(detail)), tone: 'plain' };
}

const PLAIN: Record<string, { title: string; tone: EventTone }> = {
  config_reloaded: { title: 'Configuration reloaded', tone: 'plain' },
  config_refused: { title: 'Configuration refused, the old one stays', tone: 'warning' },
  config_takes_away: { title: 'A reload takes something away', tone: 'warning' },
  config_incomplete: { title: 'Configuration taken up only in part', tone: 'bad' },
  config_needs_restart: { title: 'A setting needs a restart', tone: 'warning' },
  redis_connected: { title: 'Redis is connected', tone: 'good' },
  redis_lost: { title: 'Redis is away; memory goes on', tone: 'warning' },
  redis_writes_refused: { title: 'Redis refuses writes; reads go on', tone: 'warning' },
  cache_value_corrupt: { title: 'A value in Redis was corrupt; it counts as a miss', tone: 'warning' },
  batching_canary_failed: {
    title: 'Batched vectors differ from single ones; batching is off for the model',
    tone: 'bad',
  },
  forecasts_failed: { title: 'The forecasts have ended', tone: 'bad' },
  sizing_failed: { title: 'Nothing could be sized by the forecast', tone: 'bad' },
  tour_started: { title: 'The guided demo began', tone: 'plain' },
  tour_moved: { title: 'The guided demo went on', tone: 'plain' },
  tour_ended: { title: 'The guided demo is over', tone: 'plain' },
  store_usage: { title: 'Usage cannot be written', tone: 'bad' },
  store_settings: { title: 'What operators set cannot be written', tone: 'bad' },
  lab_crashed: { title: 'The lab crashed and starts again', tone: 'bad' },
  internal_fault: { title: 'A fault of this program', tone: 'bad' },
  session_opened: { title: 'Console session opened', tone: 'plain' },
  session_refused: { title: 'A wrong admin token was tried', tone: 'warning' },
  login_refused: { title: 'A wrong admin token was tried', tone: 'warning' },
  login_locked: { title: 'Wrong admin tokens: that address has to wait', tone: 'warning' },
  session_closed: { title: 'Console session closed', tone: 'plain' },
  store_unusable: { title: 'The database cannot be used', tone: 'bad' },
  store_moved_aside: { title: 'A broken database was moved aside', tone: 'warning' },
  store_events: { title: 'Events cannot be written', tone: 'bad' },
  store_minutes: { title: 'History cannot be written', tone: 'bad' },
  store_breakers: { title: 'State of breakers cannot be written', tone: 'bad' },
  store_drills: { title: 'Results of drills cannot be written', tone: 'bad' },
};

function breakerText(event: LoggedEvent): EventText {
  const parsed = transitionSchema.safeParse(event.detail);
  const component = event.component ?? '';
  if (!parsed.success) return { title: `${component} changed`, text: '', tone: 'plain' };
  const { cause, to, from, by, reason, evidence } = parsed.data;
  const [word, tone] = STATES[to];
  if (cause === 'trip' || cause === 'hold') {
    return {
      title: `${component} held ${from === to ? word : word.replace('opened', 'open')}`,
      text: byLine(by, reason),
      tone: 'held',
    };
  }
  if (by !== null)
    return { title: `${component} ${word}`, text: `${words(cause)} ${byLine(by, reason)}`, tone };
  if (cause === 'failure_rate' || cause === 'slow_rate') {
    const failed = cause === 'failure_rate';
    const count = failed ? evidence.failures : evidence.slow;
    const percent = failed ? evidence.settings.failure_rate_percent : evidence.settings.slow_rate_percent;
    return {
      title: `${component} ${word}`,
      text: `${count} of ${evidence.calls} ${failed ? 'failed' : 'were slow'} in ${windowSpan(evidence.settings)}, threshold ${withUnit(percent, '%')}`,
      tone,
    };
  }
  return { title: `${component} ${word}`, text: words(cause), tone };
}

function cacheText({ type, detail, by }: LoggedEvent): EventText {
  const after = partOf(detail, 'after');
  if (type === 'operator_cache_size') {
    const size = numberOf(partOf(after, 'memory_mb'));
    return {
      title: `Cache sized to ${withUnit(size, 'MB')}`,
      text: byLine(by, reasonIn(detail)),
      tone: 'plain',
    };
  }
  const named = [partOf(after, 'cache'), partOf(after, 'model')].filter((each) => typeof each === 'string');
  const what = named.length === 0 ? 'All caches' : named.join(', model ');
  return {
    title: `${what} purged`,
    text: joined([
      counted(numberOf(partOf(after, 'purged')), 'entry', 'entries'),
      byLine(by, reasonIn(detail)),
    ]),
    tone: 'plain',
  };
}

const SIZED: Readonly<Record<string, string>> = {
  connections: 'connections',
  workers: 'calls at a time',
  cache: 'MB of cache',
};

function allocationText({ type, detail, by }: LoggedEvent): EventText {
  const target = String(partOf(detail, 'target') ?? '');
  const reason = reasonIn(detail) ?? '';
  const model = [partOf(detail, 'upstream'), partOf(detail, 'model')].join('/');
  switch (type) {
    case 'allocation_changed': {
      const unit = SIZED[String(partOf(detail, 'actuator'))] ?? '';
      const [before, after] = [numberOf(partOf(detail, 'before')), numberOf(partOf(detail, 'after'))];
      return {
        title: `${target}: ${after} ${unit}`,
        text: joined([`from ${before}`, reason]),
        tone: 'plain',
      };
    }
    case 'allocation_promoted':
      return { title: `${target} sized by forecast`, text: reason, tone: 'good' };
    case 'allocation_demoted':
      return { title: `${target} no longer sized`, text: reason, tone: 'warning' };
    case 'model_preloaded':
      return { title: `${model} preloaded`, text: reason, tone: 'good' };
    case 'model_unloaded':
      return { title: `${model} unloaded`, text: reason, tone: 'plain' };
    case 'model_load_failed':
      return { title: `${model} could not be loaded or unloaded`, text: reason, tone: 'warning' };
    default: {
      const mode = partOf(partOf(detail, 'after'), 'mode');
      return { title: `Allocator: ${String(mode)}`, text: byLine(by, reason), tone: 'plain' };
    }
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function faultText({ type, component = '', detail, by }: LoggedEvent): EventText {
  const fault = faultSchema.safeParse(partOf(detail, 'fault'));
  if (!fault.success) return { title: `Fault on ${component}`, text: '', tone: 'warning' };
  const { kind, rate, started_at, ends_at, struck } = fault.data;
  const what = `${kind.replace('_', ' ')} at ${formatRate(rate)}`;
  if (type === 'fault_injected') {
    const lasts = formatDuration(Date.parse(ends_at) - Date.parse(started_at));
    return {
      title: `Fault on ${component}`,
      text: `${what} for ${lasts}, by ${by ?? 'nobody'}`,
      tone: 'warning',
    };
  }
  return {
    title: `Fault on ${component} ended`,
    text: `${what}, ${counted(struck, 'call')} struck`,
    tone: 'plain',
  };
}

function drillText({ type, component = '', detail, by }: LoggedEvent): EventText {
  const drill = drillSchema.safeParse(detail).data;
  if (type === 'drill_started' || drill === undefined)
    return { title: `Drill on ${component}`, text: byLine(by, reasonIn(detail)), tone: 'warning' };
  const failed = drill.checks.find(({ passed }) => !passed);
  const passed = drill.status === 'passed';
  return {
    title: `Drill on ${component} ${drill.status}`,
    text: passed ? `opened, leaked nothing, recovered` : (failed?.measured ?? drill.end_cause ?? ''),
    tone: passed ? 'good' : 'bad',
  };
}

function workloadText({ type, detail, by }: LoggedEvent): EventText {
  if (type === 'workload_started') {
    const shape = partOf(detail, 'shape');
    const rate = partOf(detail, 'rate_per_s');
    const what = typeof rate === 'number' && typeof shape === 'string' ? `${shape}, ${rate}/s` : '';
    return { title: 'Workload started', text: joined([what, byLine(by, reasonIn(detail))]), tone: 'plain' };
  }
  const cause = partOf(detail, 'cause');
  const sent = partOf(detail, 'sent');
  const text = [
    typeof cause === 'string' ? cause : '',
    typeof sent === 'number' ? `${counted(sent, 'request')} sent` : '',
    byLine(by, messageIn(detail)),
  ];
  return { title: 'Workload ended', text: joined(text), tone: cause === 'crashed' ? 'bad' : 'plain' };
}

/** Which settings an operator changed, and from what to what. */
function changedSettings(detail: unknown): string {
  const before = partOf(partOf(detail, 'before'), 'settings');
  const after = partOf(partOf(detail, 'after'), 'settings');
  if (typeof before !== 'object' || before === null) return '';
  return Object.entries(before)
    .filter(([key, value]) => partOf(after, key) !== undefined && partOf(after, key) !== value)
    .map(([key, value]) => `${key} ${value} → ${partOf(after, key)}`)
    .join(', ');
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

const CAUSES: Record<string, string> = {
  probe_failed: 'a probe failed',
  open_elapsed: 'its open time is over, probes decide',
  probes_succeeded: 'its probes succeeded',
  hold_expired: 'a hold ran out',
  reset: 'reset',
  lift: 'a hold was lifted',
  probe_now: 'made to probe',
};

/** A transition's cause in words. */
export function words(cause: string): string {
  return CAUSES[cause] ?? cause.replaceAll('_', ' ');
}

function byLine(by: string | null | undefined, said: string | null): string {
  const who = by === undefined || by === null ? '' : `by ${by}`;
  const what = said === null || said === '' ? '' : `“${said}”`;
  return [who, what].filter((part) => part !== '').join(': ');
}

function reasonIn(detail: unknown): string | null {
  const reason = partOf(detail, 'reason');
  return typeof reason === 'string' ? reason : null;
}

function messageIn(detail: unknown): string | null {
  const message = partOf(detail, 'message');
  return typeof message === 'string' ? message : reasonIn(detail);
}
