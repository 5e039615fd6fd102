/** What is asked of the worker for large answers, and what it says. All of it crosses threads. */
import type { ErrorCode } from '#lib/errors.ts';
import type { ClientRequest, Protocol, Usage } from '#lib/protocols/types.ts';
import type { AnswerFrame } from '#lib/protocols/vectors.ts';

/** An upstream's answer: its bytes, which are handed over and gone then, or made of embeddings as they are kept. */
export type Source =
  | { readonly from: 'bytes'; readonly chunks: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly from: 'vectors'; readonly values: readonly Uint8Array[]; readonly frame: AnswerFrame };

/** The answer in its client's form. */
export interface RenderJob {
  readonly kind: 'render';
  readonly source: Source;
  readonly request: ClientRequest;
  readonly protocol: Protocol;
  /** As the exchange was opened with; clocks do not cross threads. */
  readonly context: {
    readonly id: string;
    readonly nowMs: number;
    /** Since the exchange was opened. */
    readonly elapsedMs: number;
    readonly isShared: boolean;
  };
}

/** The embeddings of an answer, one for each of `count` inputs, as they are kept. */
export interface VectorsJob {
  readonly kind: 'vectors';
  readonly source: Source & { from: 'bytes' };
  readonly protocol: Protocol;
  readonly count: number;
  /** Its name when the answer says none. */
  readonly model: string;
}

export type Job = RenderJob | VectorsJob;

export interface Rendered {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly usage: Usage | null;
}

export interface Vectors {
  readonly values: readonly Uint8Array<ArrayBuffer>[];
  /** The answer itself, handed back. */
  readonly whole: Uint8Array<ArrayBuffer>;
  readonly usage: Usage | null;
}

/** A failure keeps its code and its words, never its stack. */
export type Reply = { readonly id: number } & (
  | { readonly done: Rendered | Vectors }
  | { readonly failed: { readonly code: ErrorCode; readonly message: string } }
);

/** For one more who needs it. */
export function copyOf(source: Source): Source {
  return source.from === 'bytes'
    ? { ...source, chunks: source.chunks.map((chunk) => chunk.slice()) }
    : source;
}
