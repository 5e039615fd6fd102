/** What a call of the lab yields while it runs. */
import type { ToolCall } from '#lib/lab/tools.ts';

/** Counts, and measured milliseconds. */
export interface Usage {
  readonly promptTokens: number;
  readonly evalTokens: number;
  readonly totalMs: number;
  readonly loadMs: number;
  readonly promptMs: number;
  readonly evalMs: number;
}

export type DoneReason = 'stop' | 'length' | 'load' | 'unload';

export type GenerationEvent =
  | { readonly type: 'thinking' | 'text'; readonly text: string }
  | { readonly type: 'tool_calls'; readonly calls: readonly ToolCall[] }
  | { readonly type: 'done'; readonly reason: DoneReason; readonly usage: Usage };

export const emptyUsage: Usage = {
  promptTokens: 0,
  evalTokens: 0,
  totalMs: 0,
  loadMs: 0,
  promptMs: 0,
  evalMs: 0,
};

/** A whole answer, its events put together. */
export interface Generated {
  readonly thinking: string;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly reason: DoneReason;
  readonly usage: Usage;
}

export async function collect(events: AsyncIterable<GenerationEvent>): Promise<Generated> {
  let thinking = '';
  let text = '';
  let toolCalls: readonly ToolCall[] = [];
  let reason: DoneReason = 'stop';
  let usage = emptyUsage;
  for await (const event of events) {
    switch (event.type) {
      case 'thinking':
        thinking += event.text;
        break;
      case 'text':
        text += event.text;
        break;
      case 'tool_calls':
        toolCalls = event.calls;
        break;
      case 'done':
        ({ reason, usage } = event);
    }
  }
  return { thinking, text, toolCalls, reason, usage };
}
