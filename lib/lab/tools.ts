/** Decides when the lab calls a tool and with what: by words in common, never by understanding. */
import { type ValueSource, valueFor } from '#lib/lab/json-mode.ts';
import { isObject } from '#lib/protocols/json.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

export interface Tool {
  readonly name: string;
  readonly parameters: JsonObject;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: JsonObject;
}

/** Too common in tool names to say anything. */
const COMMON_WORDS = new Set(['get', 'the', 'and', 'for', 'with', 'set', 'from', 'all']);
const MIN_WORD_LENGTH = 3;

/** The tool whose name, or a telling word of it, stands in the message; the first offered wins. */
export function toolFor(message: string, tools: readonly Tool[]): Tool | undefined {
  const text = message.toLowerCase();
  const words = new Set(text.match(/[\p{L}\p{N}]+/gu) ?? []);
  return tools.find(
    (tool) => text.includes(tool.name.toLowerCase()) || wordsOf(tool.name).some((word) => words.has(word)),
  );
}

export function callOf(tool: Tool, message: string): ToolCall {
  const value: Json = valueFor({ type: 'object', ...tool.parameters }, valuesFrom(message));
  return { name: tool.name, arguments: isObject(value) ? value : {} };
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= MIN_WORD_LENGTH && !COMMON_WORDS.has(word));
}

/** Texts are the last capitalised word that does not begin the message, else its last word; numbers its first. */
function valuesFrom(message: string): ValueSource {
  const words = message.match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = words.slice(1).findLast((word) => /^\p{Lu}/u.test(word));
  const text = name ?? words.at(-1) ?? 'lab';
  const number = /-?\d+(?:\.\d+)?/.exec(message)?.[0];
  return { text: () => text, number: () => (number === undefined ? null : Number(number)) };
}
