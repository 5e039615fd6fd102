/** Decides what the lab says to a conversation, before any of it is sent. Pure: the same request, the same answer. */
import { writeAnswer, writeThoughts, writeToolAnswer } from '#lib/lab/generate.ts';
import { labValues, valueFor } from '#lib/lab/json-mode.ts';
import type { LabModel } from '#lib/lab/models.ts';
import { hash32, seededRandom } from '#lib/lab/random.ts';
import { callOf, type Tool, type ToolCall, toolFor } from '#lib/lab/tools.ts';
import type { JsonObject } from '#lib/protocols/types.ts';

export interface Message {
  readonly role: string;
  readonly text: string;
  /** On a message of a tool, its name where the client says it. */
  readonly toolName: string | null;
}

export interface GenerationRequest {
  readonly model: LabModel;
  /** Empty: the model is only loaded. */
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  /** `required` calls the first tool when none is mentioned. */
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string };
  /** `json` or a schema; null is plain text. */
  readonly format: 'json' | JsonObject | null;
  readonly think: boolean;
  /** Infinity without a limit. */
  readonly maxTokens: number;
  readonly stops: readonly string[];
  readonly seed: number;
  /** 0 unloads afterwards, Infinity keeps the model; null is the server's own. */
  readonly keepAliveMs: number | null;
}

export interface Composition {
  readonly thinking: string;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
}

export function compose(request: GenerationRequest): Composition {
  const { model, messages, seed, format } = request;
  const words = messages.map(({ role, text }) => `${role}\n${text}`).join('\n\n');
  const random = seededRandom(hash32(`${model.name}\n${words}`, seed));
  const thinking = request.think ? writeThoughts(random) : '';
  const last = messages.at(-1);
  const question = messages.findLast(({ role }) => role === 'user')?.text ?? last?.text ?? '';
  const tool = last?.role === 'tool' ? undefined : chosenTool(request, question);
  if (tool !== undefined) return { thinking, text: '', toolCalls: [callOf(tool, question)] };
  if (format !== null) {
    const value =
      format === 'json' ? { source: 'lab', answer: writeAnswer(question, random) } : schemaValue(format);
    return { thinking, text: JSON.stringify(value), toolCalls: [] };
  }
  const text =
    last?.role === 'tool' ? writeToolAnswer(last.toolName, last.text) : writeAnswer(question, random);
  return { thinking, text, toolCalls: [] };
}

function schemaValue(schema: JsonObject) {
  return valueFor(schema, labValues);
}

function chosenTool({ tools, toolChoice }: GenerationRequest, question: string): Tool | undefined {
  if (toolChoice === 'none') return undefined;
  if (typeof toolChoice === 'object') return tools.find(({ name }) => name === toolChoice.name);
  return toolFor(question, tools) ?? (toolChoice === 'required' ? tools[0] : undefined);
}
