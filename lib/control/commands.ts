/** Plain words from operators and scripts, turned into the calls that there are for them anyway. */
import { hash } from 'node:crypto';
import { hitRateOf, hitsOf, PARSES } from '#lib/cache/response-cache.ts';
import { isDangerous, type Parsed, parse, shown, type Vocabulary } from '#lib/commands/grammar.ts';
import { type Command, type CommandResult, commandRequestSchema } from '#lib/contracts/commands.ts';
import { drillSchema } from '#lib/contracts/drills.ts';
import * as breakers from '#lib/control/breakers.ts';
import * as cache from '#lib/control/cache.ts';
import * as drills from '#lib/control/drills.ts';
import * as predictions from '#lib/control/predictions.ts';
import { type Call, checked } from '#lib/control/route.ts';
import * as score from '#lib/control/score.ts';
import { SwitchgearError } from '#lib/errors.ts';
import type { RuntimeHandle } from '#lib/runtime-handle.ts';

const PAGES: Readonly<Record<string, string>> = {
  overview: '/',
  breakers: '/breakers',
  cache: '/cache',
  batching: '/batching',
  allocation: '/allocation',
  forecast: '/allocation',
  requests: '/requests',
  lab: '/lab',
  score: '/score',
  audit: '/audit',
};
const PARSE_TTL_MS = 3_600_000;
const DRILL_S = 30;

export async function run(call: Call): Promise<CommandResult> {
  const { runtime } = call;
  const { text, dry_run } = await call.body(commandRequestSchema);
  const vocabulary: Vocabulary = {
    components: runtime.breakers.list().map(({ name }) => name),
    caches: runtime.cache.names(),
    pages: PAGES,
  };
  const parsed = parsedOf(runtime, text, vocabulary);
  if (!parsed.understood)
    throw new SwitchgearError('unprocessable', `Not understood: '${text.slice(0, 100)}'`, {
      details: { suggestions: parsed.suggestions.slice(0, 10) },
    });
  const { command } = parsed;
  const answer = dry_run ? null : await perform(call, command);
  return {
    text,
    command,
    understood: shown(command),
    dangerous: isDangerous(command),
    done: !dry_run,
    answer,
  };
}

/** The same words mean the same as long as the names there are do not change. */
function parsedOf({ cache: kept }: RuntimeHandle, text: string, vocabulary: Vocabulary): Parsed {
  const key = hash(
    'sha256',
    JSON.stringify([text.toLowerCase().replace(/\s+/g, ' '), vocabulary]),
    'base64url',
  );
  const counts = kept.countsOf(PARSES);
  const held = kept.memory.get(key);
  if (held !== undefined && Date.now() - held.entry.storedAtMs < PARSE_TTL_MS) {
    counts.add('hit_memory');
    return JSON.parse(held.entry.value.toString('utf8')) as Parsed;
  }
  counts.add('miss');
  const startedAt = performance.now();
  const parsed = parse(text, vocabulary);
  const entry = {
    key,
    cache: PARSES,
    model: '',
    storedAtMs: Date.now(),
    ttlMs: PARSE_TTL_MS,
    costMs: performance.now() - startedAt,
    tokensIn: 0,
    tokensOut: 0,
    counted: false,
    value: Buffer.from(JSON.stringify(parsed)),
  };
  kept.memory.set(entry, Date.now());
  return parsed;
}

async function perform(call: Call, command: Command): Promise<string> {
  const { runtime } = call;
  const { action } = command;
  switch (action) {
    case 'trip': {
      const { component, action: _, ...body } = command;
      await breakers.trip(callFor(call, body, component));
      return stateOf(runtime, component);
    }
    case 'hold': {
      const { component, action: _, ...body } = command;
      await breakers.hold(callFor(call, body, component));
      return stateOf(runtime, component);
    }
    case 'lift':
      await breakers.lift(callFor(call, reasonOf(command), command.component));
      return stateOf(runtime, command.component);
    case 'reset':
      await breakers.reset(callFor(call, reasonOf(command), command.component));
      return stateOf(runtime, command.component);
    case 'why':
      return whyOf(runtime, command.component);
    case 'hit_rate':
      return hitRateText(runtime, command.window_s);
    case 'status':
      return statusOf(runtime);
    case 'purge': {
      const { action: _, ...body } = command;
      const { purged } = await cache.purge(callFor(call, body));
      return `${purged} ${purged === 1 ? 'entry is' : 'entries are'} gone.`;
    }
    case 'drill': {
      const body = {
        component: command.component,
        duration_s: command.duration_s ?? DRILL_S,
        ...reasonOf(command),
      };
      const started = await drills.start(callFor(call, body));
      const { id } = drillSchema.parse(await started.json());
      return `The drill ${id} runs; its score is on the page of the breaker.`;
    }
    case 'load_test':
      await score.startLoadTest(callFor(call, reasonOf(command)));
      return 'The load test runs; what it finds is on the page Score.';
    case 'allocation_mode':
      await predictions.update(callFor(call, { mode: command.mode, ...reasonOf(command) }));
      return `The allocator's mode is ${command.mode}.`;
    case 'show_page':
      return command.href;
    default:
      return action satisfies never;
  }
}

/** The call as if it had been made to that endpoint: checked by the same schema, audited in the same way. */
function callFor(call: Call, body: object, name?: string): Call {
  return {
    ...call,
    params: name === undefined ? {} : { name },
    body: async (schema) => checked(schema, body),
  };
}

function reasonOf({ reason }: { reason?: string | undefined }): object {
  return reason === undefined ? {} : { reason };
}

function stateOf(runtime: RuntimeHandle, component: string): string {
  const { state, hold } = runtime.breakers.require(component).snapshot();
  const held = hold === null ? '' : `, held ${hold.mode.replace('_', ' ')} by ${hold.by}`;
  const until = hold?.expires_at == null ? '' : ` until ${hold.expires_at}`;
  return `${component} is ${state.replace('_', '-')}${held}${until}.`;
}

function whyOf(runtime: RuntimeHandle, component: string): string {
  const last = runtime.transitionsOf(component, 20).find(({ to }) => to === 'open');
  const now = stateOf(runtime, component);
  if (last === undefined) return `${now} It has not opened as far back as the events go.`;
  const { at, cause, reason, by, evidence } = last;
  const why =
    cause === 'failure_rate'
      ? `${evidence.failures} of ${evidence.calls} calls failed, the threshold is ${evidence.settings.failure_rate_percent} %`
      : cause === 'slow_rate'
        ? `${evidence.slow} of ${evidence.calls} calls were slow, the threshold is ${evidence.settings.slow_rate_percent} %`
        : `${cause.replaceAll('_', ' ')}${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`;
  return `${now} It last opened at ${at}: ${why}.`;
}

function hitRateText({ cache: kept }: RuntimeHandle, window_s: number | null): string {
  const counts = window_s === null ? kept.overall.total() : kept.overall.last(window_s);
  const when = window_s === null ? 'since the start' : `in the last ${window_s} s`;
  const ratio = hitRateOf(counts);
  if (ratio === null) return `Nothing was looked for ${when}.`;
  return `${(ratio * 100).toFixed(1)} % of ${hitsOf(counts) + counts.miss} looks hit ${when}.`;
}

function statusOf(runtime: RuntimeHandle): string {
  const views = runtime.breakers.list().map((breaker) => breaker.snapshot());
  const troubled = views.filter(
    ({ name, state, hold }) => name !== 'test' && (state !== 'closed' || hold !== null),
  );
  const { minute } = runtime.telemetry.traffic();
  const served =
    minute.served_rate === null ? 'no requests' : `${(minute.served_rate * 100).toFixed(1)} % served`;
  const state =
    troubled.length === 0
      ? 'All breakers are closed'
      : troubled.map(({ name, state: now }) => `${name} is ${now.replace('_', '-')}`).join(', ');
  return `${state}; ${served} in the last minute.`;
}
