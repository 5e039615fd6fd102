/** How events look on the wire of a stream. */
import type { JsonObject } from '#lib/protocols/types.ts';

export const SSE_DONE = 'data: [DONE]\n\n';

export function sseEvent(event: JsonObject): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

export function ndjsonLine(event: JsonObject): string {
  return `${JSON.stringify(event)}\n`;
}
