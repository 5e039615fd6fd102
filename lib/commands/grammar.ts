/**
 * Plain words to a typed command: a verb, what it is about, for how long and why. Deterministic and closed: what it does
 * not know it says, with what it would have understood. Pure.
 */
import type { Command } from '#lib/contracts/commands.ts';
import type { AllocationMode } from '#lib/contracts/predictions.ts';

export interface Vocabulary {
  readonly components: readonly string[];
  readonly caches: readonly string[];
  /** Pages by name, in lower case. */
  readonly pages: Readonly<Record<string, string>>;
}

export type Parsed =
  | { readonly understood: true; readonly command: Command }
  | { readonly understood: false; readonly suggestions: readonly string[] };

export const EXAMPLES: readonly string[] = [
  'trip <component> for 2 minutes because of maintenance',
  'reset <component>',
  'why did <component> open?',
  'hit rate last hour',
  'status',
  'purge all',
  'drill <component>',
  'allocation act',
  'run the load test',
  'show cache',
];

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
const DURATION =
  /\bfor\s+(\d+(?:\.\d+)?|an?|half an?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b/i;
const REASON = /\b(?:because(?:\s+of)?|since|reason:)\s+(.+)$/i;
const MAX_DURATION_S = 86_400;
const MAX_REASON = 500;
const FILLERS = new Set(
  'the please a an of on to my our breaker circuit component now up me is are it for run start in'.split(' '),
);
const MODES: ReadonlySet<string> = new Set(['shadow', 'advise', 'act']);
const TRIPS = new Set(['trip', 'open', 'block', 'isolate', 'cut']);
const RESETS = new Set(['reset', 'close', 'heal']);
const LIFTS = new Set(['lift', 'release', 'unhold', 'unblock']);
const PURGES = new Set(['purge', 'clear', 'flush', 'empty']);
const SHOWS = new Set(['show', 'go', 'open', 'page', 'see']);
const WELL = new Set(['status', 'health', 'wrong', 'well', 'ok', 'summary']);

export function parse(text: string, vocabulary: Vocabulary): Parsed {
  const reason = REASON.exec(text)?.[1]?.trim().slice(0, MAX_REASON);
  const rest = text.replace(REASON, ' ');
  const duration_s = durationIn(rest);
  const words = wordsIn(rest.replace(DURATION, ' '));
  const [verb = ''] = words;
  const said = {
    ...(reason === undefined ? {} : { reason }),
    ...(duration_s === null ? {} : { duration_s }),
  };
  const about = words.slice(1);
  const component = (build: (name: string) => Command, pattern: string, of = about): Parsed =>
    withComponent(of, vocabulary, build, pattern);

  if (words.length === 0) return unknown(vocabulary);
  if (verb === 'why')
    return component((name) => ({ action: 'why', component: name }), 'why did * open?', without(about, WHY));
  if (words.includes('hit') && (words.includes('rate') || words.includes('ratio')))
    return understood({ action: 'hit_rate', window_s: windowIn(words) });
  if (words.includes('load') && words.includes('test')) return understood({ action: 'load_test', ...said });
  if (PURGES.has(verb)) return purge(about, vocabulary, said);
  if (verb === 'drill')
    return component((name) => ({ action: 'drill', component: name, ...said }), 'drill *');
  const mode = words.find((word) => MODES.has(word));
  if (mode !== undefined && words.some((word) => ALLOCATOR.has(word)))
    return understood({ action: 'allocation_mode', mode: mode as AllocationMode, ...said });
  const page = SHOWS.has(verb) ? pageIn(about, vocabulary) : null;
  if (page !== null) return understood({ action: 'show_page', href: page });
  if (verb === 'hold') return hold(about, vocabulary, said);
  if (TRIPS.has(verb))
    return component((name) => ({ action: 'trip', component: name, ...said }), `${verb} *`);
  if (RESETS.has(verb))
    return component((name) => ({ action: 'reset', component: name, ...said }), `${verb} *`);
  if (LIFTS.has(verb))
    return component(
      (name) => ({ action: 'lift', component: name, ...said }),
      `${verb} *`,
      without(about, HOLD),
    );
  if (words.some((word) => WELL.has(word))) return understood({ action: 'status' });
  const bare = words.length <= 2 ? pageIn(words, vocabulary) : null;
  if (bare !== null) return understood({ action: 'show_page', href: bare });
  return unknown(vocabulary);
}

const WHY = new Set([
  'did',
  'does',
  'was',
  'has',
  'have',
  'opened',
  'open',
  'held',
  'closed',
  'trip',
  'tripped',
]);
const HOLD = new Set(['hold', 'holds', 'from']);
const ALLOCATOR = new Set(['allocation', 'allocator', 'mode', 'forecast', 'forecasts']);

/** In words. */
export function shown(command: Command): string {
  const length =
    'duration_s' in command && command.duration_s !== undefined ? ` for ${spanOf(command.duration_s)}` : '';
  switch (command.action) {
    case 'trip':
      return `Hold ${command.component} open${length === '' ? ' until it is reset' : length}`;
    case 'hold':
      return `Hold ${command.component} ${command.mode.replace('_', ' ')}${length}`;
    case 'lift':
      return `Lift the hold of ${command.component}`;
    case 'reset':
      return `Reset ${command.component}: lift its holds, close it, empty its window`;
    case 'why':
      return `Why ${command.component} is as it is`;
    case 'hit_rate':
      return command.window_s === null
        ? 'Hit rate of the cache since the start'
        : `Hit rate of the cache in the last ${command.window_s} s`;
    case 'status':
      return 'How everything is';
    case 'purge':
      return command.all === true
        ? 'Purge all caches'
        : `Purge ${command.cache ?? `what ${command.model} answered`}`;
    case 'drill':
      return `Drill ${command.component}: real failures, real calls, a score`;
    case 'load_test':
      return 'Run the load test: other callers will be slower for half a minute';
    case 'allocation_mode':
      return `Set the allocator to ${command.mode}`;
    case 'show_page':
      return `Go to ${command.href}`;
    default:
      return command satisfies never;
  }
}

const HARMLESS: ReadonlySet<Command['action']> = new Set(['why', 'hit_rate', 'status', 'show_page']);

/** Changes something, and is asked about first. */
export function isDangerous({ action }: Command): boolean {
  return !HARMLESS.has(action);
}

type Said = { reason?: string; duration_s?: number };

function hold(about: readonly string[], vocabulary: Vocabulary, said: Said): Parsed {
  const isMetrics = about.includes('metrics') || about.includes('metrics_only');
  const mode = isMetrics ? 'metrics_only' : about.includes('closed') ? 'closed' : 'open';
  const of = without(about, new Set(['metrics', 'only', 'metrics_only', 'closed', 'open']));
  return withComponent(
    of,
    vocabulary,
    (component) => ({ action: 'hold', component, mode, ...said }),
    `hold * ${mode}`,
  );
}

function purge(about: readonly string[], { caches }: Vocabulary, { reason }: Said): Parsed {
  const why = reason === undefined ? {} : { reason };
  const of = without(about, new Set(['cache', 'caches', 'entries']));
  if (of.length === 0 || of[0] === 'all' || of[0] === 'everything')
    return about.length === 0
      ? { understood: false, suggestions: ['purge all', ...caches.map((cache) => `purge ${cache}`)] }
      : understood({ action: 'purge', all: true, ...why });
  const [first = '', second] = of;
  if (first === 'model' && second !== undefined)
    return understood({ action: 'purge', model: second, ...why });
  const found = matching(of, caches);
  const [only] = found;
  if (found.length === 1 && only !== undefined) return understood({ action: 'purge', cache: only, ...why });
  return {
    understood: false,
    suggestions: (found.length > 1 ? found : caches).map((cache) => `purge ${cache}`),
  };
}

function withComponent(
  words: readonly string[],
  { components }: Vocabulary,
  build: (component: string) => Command,
  pattern: string,
): Parsed {
  const found = matching(words, components);
  const [only] = found;
  if (found.length === 1 && only !== undefined) return understood(build(only));
  const candidates = found.length > 1 ? found : components;
  return { understood: false, suggestions: candidates.map((name) => pattern.replace('*', name)) };
}

/** The name itself, or every name that has all the words among its parts. */
function matching(words: readonly string[], names: readonly string[]): string[] {
  if (words.length === 0) return [];
  const whole = words.join('.');
  const exact = names.find((name) => name === whole || name === words.join('-') || name === words.join(' '));
  if (exact !== undefined) return [exact];
  const wanted = words.flatMap((word) => partsOf(word));
  return names.filter((name) => {
    const parts = partsOf(name);
    return wanted.every(
      (word) => parts.includes(word) || parts.includes(singular(word)) || parts.includes(`${word}s`),
    );
  });
}

function partsOf(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[.\-_/ ]+/)
    .filter((part) => part !== '');
}

function singular(word: string): string {
  return word.endsWith('s') ? word.slice(0, -1) : word;
}

function pageIn(words: readonly string[], { pages }: Vocabulary): string | null {
  for (const word of words) {
    const found = pages[word] ?? pages[singular(word)] ?? pages[`${word}s`];
    if (found !== undefined) return found;
  }
  return null;
}

function wordsIn(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._:/-]+/gu, ' ')
    .split(' ')
    .map((word) => word.replace(/^[.:/-]+|[.:/-]+$/g, ''))
    .filter((word) => word !== '' && !FILLERS.has(word));
}

function without(words: readonly string[], dropped: ReadonlySet<string>): string[] {
  return words.filter((word) => !dropped.has(word));
}

/** Seconds, at most a day; null where none are named. */
function durationIn(text: string): number | null {
  const [, amount = '', unit = ''] = DURATION.exec(text) ?? [];
  if (amount === '') return null;
  const count = /^half/i.test(amount) ? 0.5 : /^an?$/i.test(amount) ? 1 : Number(amount);
  const seconds = Math.round(count * (UNITS[unit.charAt(0).toLowerCase()] ?? 1));
  return Math.max(1, Math.min(MAX_DURATION_S, seconds));
}

/** The window of the cache's figures that is nearest to what was asked; null is since the start. */
function windowIn(words: readonly string[]): number | null {
  if (words.some((word) => word.startsWith('second'))) return 10;
  if (words.some((word) => word.startsWith('minute'))) return 100;
  if (words.some((word) => word.startsWith('hour'))) return 1_000;
  return null;
}

function spanOf(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function understood(command: Command): Parsed {
  return { understood: true, command };
}

function unknown({ components }: Vocabulary): Parsed {
  const component = components[0] ?? 'test';
  return {
    understood: false,
    suggestions: EXAMPLES.map((example) => example.replace('<component>', component)),
  };
}
