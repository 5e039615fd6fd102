/** Reads the fields of a request; what has the wrong type is refused with 400. */
import type { Message } from '#lib/lab/compose.ts';
import { findModel, type LabModel } from '#lib/lab/models.ts';
import { Refusal } from '#lib/lab/refusal.ts';
import type { Tool } from '#lib/lab/tools.ts';
import { isObject, objectIn, objectsIn, stringIn } from '#lib/protocols/json.ts';
import { keepAliveMs } from '#lib/protocols/keep-alive.ts';
import type { Json, JsonObject } from '#lib/protocols/types.ts';

/** @throws Refusal 400 without a name, 404 when the lab has no such model */
export function modelIn(body: JsonObject): LabModel {
  const name = stringIn(body, 'model') ?? stringIn(body, 'name');
  if (name === null || name === '') throw new Refusal(400, 'model is required');
  const model = findModel(name);
  if (model === undefined) throw new Refusal(404, `model '${name}' not found`);
  return model;
}

/** In milliseconds; null without one. @throws Refusal 400 for what is no duration */
export function keepAliveIn(body: JsonObject): number | null {
  const given = body.keep_alive;
  if (given === undefined || given === null) return null;
  const ms = keepAliveMs(given);
  if (Number.isNaN(ms)) throw new Refusal(400, `time: invalid duration ${JSON.stringify(given)}`);
  return ms;
}

/** Messages of either protocol; content is a text or, as OpenAI has it, a list of parts. */
export function messagesIn(body: JsonObject): Message[] {
  const { messages } = body;
  if (messages === undefined || messages === null) return [];
  if (!Array.isArray(messages) || !messages.every(isObject)) {
    throw new Refusal(400, 'messages must be a list of objects');
  }
  return messages.map((message, index) => ({
    role: stringIn(message, 'role') ?? 'user',
    text: contentIn(message, index),
    toolName: stringIn(message, 'tool_name') ?? stringIn(message, 'name'),
  }));
}

function contentIn(message: JsonObject, index: number): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (content === undefined || content === null) return '';
  if (!Array.isArray(content)) throw new Refusal(400, `messages[${index}].content must be a text or a list`);
  return objectsIn(message, 'content')
    .map((part) => stringIn(part, 'text') ?? '')
    .join('\n');
}

export function toolsIn(body: JsonObject): Tool[] {
  return objectsIn(body, 'tools').flatMap((tool) => {
    const definition = objectIn(tool, 'function');
    const name = definition === null ? null : stringIn(definition, 'name');
    if (definition === null || name === null) return [];
    return [{ name, parameters: objectIn(definition, 'parameters') ?? {} }];
  });
}

/** The texts to embed. @throws Refusal 400 for anything but a text or a list of texts */
export function textsIn(body: JsonObject, field: string): string[] {
  const value = body[field];
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw new Refusal(400, `invalid ${field} type: the lab takes a text or a list of texts, no tokens`);
}

/** One text or a list of them, as `stop` is given. */
export function stopsIn(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((stop) => typeof stop === 'string') : [];
}

/** A limit of tokens; none at or below zero. */
export function tokenLimit(value: number | null): number {
  return value === null || value <= 0 ? Number.POSITIVE_INFINITY : Math.floor(value);
}
