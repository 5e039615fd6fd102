/**
 * What the upstream of the attacks does, in the name of a model: `<kind>-<number>-<anything>`. A name passes through any
 * gateway unchanged.
 */
export type Plan =
  | { kind: 'small' | 'fin' | 'rst' }
  /** So many milliseconds of work, and then the connection is lost. */
  | { kind: 'drop'; count: number }
  /** A whole answer, or one event of a stream, with so many bytes of content. */
  | { kind: 'whole' | 'event'; count: number }
  /** So many numbered events. */
  | { kind: 'events'; count: number }
  /** So many numbered events, 5 ms apart. */
  | { kind: 'paced'; count: number }
  /** Events without an end, so many milliseconds apart. */
  | { kind: 'endless'; count: number };

const COUNTED = ['drop', 'whole', 'event', 'events', 'paced', 'endless'] as const;
const UNCOUNTED = ['fin', 'rst'] as const;
const MAX_BYTES = 100 * 1024 * 1024;

export function parsePlan(model: string): Plan {
  const [name = '', number = '0'] = model.split('-');
  const count = Math.min(Number(number) || 0, MAX_BYTES);
  const counted = COUNTED.find((kind) => kind === name);
  if (counted !== undefined) return { kind: counted, count };
  return { kind: UNCOUNTED.find((kind) => kind === name) ?? 'small' };
}

export const EVENT_END =
  'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
export const chunk = Buffer.alloc(64 * 1024, 'x');

/** Numbered, so that whoever reads can say which are missing. */
export function eventOf(at: number, filler: string): string {
  const delta = `{"role":"assistant","content":"#${at} ${filler}"}`;
  return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":null}]}\n\n`;
}

export function wholeParts(): [head: Buffer, tail: Buffer] {
  return [
    Buffer.from(
      '{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"',
    ),
    Buffer.from(
      '"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
    ),
  ];
}

export const SMALL = Buffer.concat([...wholeParts()]).toString();
