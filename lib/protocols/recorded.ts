/**
 * An answer as an upstream gave it, whole or as the events of a stream, in the upstream's own form: what a cache keeps.
 * Any client of any surface can be given it, streamed or whole, through its own exchange.
 */
import { isObject, numberIn, objectIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import type { Exchange, Json, JsonObject, Protocol } from '#lib/protocols/types.ts';
import { checkedEvent, invalid } from '#lib/protocols/upstream-answer.ts';

export type Recorded =
  | { readonly form: 'whole'; readonly body: Json }
  | { readonly form: 'stream'; readonly payloads: readonly string[] };

const DONE = '[DONE]';

/** The whole answer. @throws SwitchgearError `upstream_invalid` when its events are not what the protocol promises */
export function wholeOf(recorded: Recorded, protocol: Protocol): Json {
  if (recorded.form === 'whole') return recorded.body;
  const events = recorded.payloads.filter((payload) => payload.trim() !== DONE).map(checkedEvent);
  return protocol === 'openai' ? openaiWhole(events) : ollamaWhole(events);
}

/** The events of a stream that says the same. */
export function payloadsOf(recorded: Recorded, protocol: Protocol): readonly string[] {
  if (recorded.form === 'stream') return recorded.payloads;
  const { body } = recorded;
  if (!isObject(body)) throw invalid('an answer that is no object');
  return protocol === 'openai' ? openaiPayloads(body) : ollamaPayloads(body);
}

/** The whole answer in a client's form, streamed or not. */
export function rendered(
  recorded: Recorded,
  exchange: Exchange,
  protocol: Protocol,
  isStream: boolean,
): string {
  if (!isStream) return JSON.stringify(exchange.answer(wholeOf(recorded, protocol)));
  const answer = exchange.openStream();
  let text = '';
  for (const payload of payloadsOf(recorded, protocol)) if (!answer.ended) text += answer.push(payload);
  return text + answer.finish();
}

/** What the model said and called, for telling whether two answers agree; ids and times are left out. */
export function saidIn(whole: Json, protocol: Protocol): string {
  if (!isObject(whole)) return '';
  const said = protocol === 'openai' ? objectsIn(whole, 'choices') : [whole];
  return JSON.stringify(
    said.map((each) => {
      const message = objectIn(each, 'message') ?? each;
      const calls = objectsIn(message, 'tool_calls').map((call) => objectIn(call, 'function'));
      return [message.content ?? message.text ?? message.response ?? null, calls];
    }),
  );
}

function openaiWhole(events: readonly JsonObject[]): JsonObject {
  const [first] = events;
  if (first === undefined) throw invalid('a stream without events');
  const choices = new Map<number, JsonObject>();
  let usage: Json = null;
  for (const event of events) {
    if (isObject(event.usage)) usage = event.usage;
    for (const part of objectsIn(event, 'choices')) {
      const index = numberIn(part, 'index') ?? 0;
      choices.set(index, joinedChoice(choices.get(index) ?? { index }, part));
    }
  }
  const { choices: _, usage: __, object, ...frame } = first;
  return {
    ...frame,
    object: object === 'chat.completion.chunk' ? 'chat.completion' : (object ?? 'chat.completion'),
    choices: [...choices.values()].sort((a, b) => Number(a.index) - Number(b.index)).map(closedChoice),
    ...(usage === null ? {} : { usage }),
  };
}

function joinedChoice(choice: JsonObject, { delta, index: _, logprobs, ...rest }: JsonObject): JsonObject {
  const joined: JsonObject = { ...choice };
  for (const [name, value] of Object.entries(rest)) {
    if (name === 'text') joined.text = `${choice.text ?? ''}${value}`;
    else if (value !== null || joined[name] === undefined) joined[name] = value;
  }
  if (isObject(delta)) joined.message = joinedMessage(objectIn(choice, 'message') ?? {}, delta);
  if (isObject(logprobs)) joined.logprobs = joinedLists(objectIn(choice, 'logprobs') ?? {}, logprobs);
  return joined;
}

function joinedMessage(message: JsonObject, delta: JsonObject): JsonObject {
  const joined: JsonObject = { ...message };
  for (const [name, value] of Object.entries(delta)) {
    const known = message[name];
    if (name === 'tool_calls')
      joined.tool_calls = joinedCalls(objectsIn(message, name), objectsIn(delta, name));
    else if (name === 'role') joined.role = value;
    else if (typeof value === 'string' && typeof known === 'string') joined[name] = known + value;
    else if (Array.isArray(value) && Array.isArray(known)) joined[name] = [...known, ...value];
    else if (value !== null || known === undefined) joined[name] = value;
  }
  return joined;
}

function joinedCalls(calls: readonly JsonObject[], parts: readonly JsonObject[]): JsonObject[] {
  const byIndex = new Map(calls.map((call, at) => [numberIn(call, 'index') ?? at, call]));
  for (const [at, part] of parts.entries()) {
    const index = numberIn(part, 'index') ?? at;
    const known = byIndex.get(index) ?? { index };
    const called = objectIn(part, 'function') ?? {};
    const before = objectIn(known, 'function') ?? {};
    const text = (name: string) => `${stringIn(before, name) ?? ''}${stringIn(called, name) ?? ''}`;
    byIndex.set(index, {
      ...known,
      ...part,
      id: known.id ?? part.id ?? null,
      function: { ...before, ...called, name: text('name'), arguments: text('arguments') },
    });
  }
  return [...byIndex.values()];
}

function joinedLists(known: JsonObject, more: JsonObject): JsonObject {
  const joined: JsonObject = { ...known };
  for (const [name, value] of Object.entries(more)) {
    const before = known[name];
    joined[name] =
      Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : (value ?? before ?? null);
  }
  return joined;
}

/** In the form of a whole answer: calls without their index, content null where tools were called and nothing said. */
function closedChoice(choice: JsonObject): JsonObject {
  const message = objectIn(choice, 'message');
  if (message === null) return choice;
  const calls = objectsIn(message, 'tool_calls').map(({ index: _, ...call }) => ({
    type: 'function',
    ...call,
  }));
  const content = message.content ?? null;
  return {
    ...choice,
    message: {
      ...message,
      role: message.role ?? 'assistant',
      content: content === '' && calls.length > 0 ? null : content,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
  };
}

function openaiPayloads(whole: JsonObject): string[] {
  const { choices: _, usage, object, ...frame } = whole;
  const chunk = (choices: JsonObject[]) =>
    JSON.stringify({
      ...frame,
      object: object === 'chat.completion' ? 'chat.completion.chunk' : (object ?? 'chat.completion.chunk'),
      choices,
    });
  const said: JsonObject[] = [];
  const closed: JsonObject[] = [];
  for (const { message, finish_reason, ...choice } of objectsIn(whole, 'choices')) {
    const reason = finish_reason ?? 'stop';
    if (isObject(message)) {
      const calls = objectsIn(message, 'tool_calls').map((call, index) => ({ index, ...call }));
      const delta = { ...message, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
      said.push({ ...choice, delta, finish_reason: null });
      closed.push({ index: choice.index ?? 0, delta: {}, finish_reason: reason });
    } else {
      said.push({ ...choice, finish_reason: null });
      closed.push({ index: choice.index ?? 0, text: '', logprobs: null, finish_reason: reason });
    }
  }
  const counts = isObject(usage) ? [JSON.stringify({ ...JSON.parse(chunk([])), usage })] : [];
  return [chunk(said), chunk(closed), ...counts, DONE];
}

function ollamaWhole(events: readonly JsonObject[]): JsonObject {
  const last = events.at(-1);
  if (last === undefined) throw invalid('a stream without events');
  let message: JsonObject | null = null;
  let response: string | null = null;
  let thinking = '';
  const logprobs: Json[] = [];
  for (const event of events) {
    const part = objectIn(event, 'message');
    if (part !== null) message = joinedMessage(message ?? {}, withoutCalls(part));
    if (typeof event.response === 'string') response = (response ?? '') + event.response;
    thinking += stringIn(event, 'thinking') ?? '';
    // Not spread: each would be an argument, and a list may be longer than the stack is deep.
    if (Array.isArray(event.logprobs)) for (const each of event.logprobs) logprobs.push(each);
  }
  const calls = events.flatMap((event) => objectsIn(objectIn(event, 'message') ?? {}, 'tool_calls'));
  return {
    ...last,
    ...(message === null
      ? {}
      : { message: { ...message, ...(calls.length === 0 ? {} : { tool_calls: calls }) } }),
    ...(response === null ? {} : { response }),
    ...(thinking === '' ? {} : { thinking }),
    ...(logprobs.length === 0 ? {} : { logprobs }),
  };
}

/** Ollama sends each call whole, so calls are put one after another, not joined. */
function withoutCalls({ tool_calls: _, ...kept }: JsonObject): JsonObject {
  return kept;
}

/** One line with all that was said, and the closing one with the counts. */
function ollamaPayloads(whole: JsonObject): string[] {
  const { model, created_at, message, response, thinking, logprobs, ...counts } = whole;
  const head = {
    ...(model === undefined ? {} : { model }),
    ...(created_at === undefined ? {} : { created_at }),
  };
  const said: JsonObject = {};
  const nothing: JsonObject = {};
  if (isObject(message)) {
    said.message = message;
    nothing.message = { role: message.role ?? 'assistant', content: '' };
  }
  if (typeof response === 'string') {
    said.response = response;
    nothing.response = '';
  }
  if (thinking !== undefined) said.thinking = thinking;
  if (logprobs !== undefined) said.logprobs = logprobs;
  return [
    JSON.stringify({ ...head, ...said, done: false }),
    JSON.stringify({ ...head, ...nothing, ...counts, done: true }),
  ];
}
