/**
 * Two protocols, four directions. An `Exchange` is one client call on one surface endpoint carried over one
 * upstream protocol: how the request looks upstream, and how the answer comes back in the client's own form.
 * Where surface and upstream speak the same protocol the bytes of the request pass unchanged, and fields that
 * we do not know pass through the answer.
 */

export type Protocol = 'openai' | 'ollama';

/** What a component protects: `<upstream>.<operation>`. `admin` is models and the like. */
export type Operation = 'chat' | 'completions' | 'embeddings';

/** The data-plane endpoints that reach a model. */
export type Endpoint =
  | 'openai.chat'
  | 'openai.completions'
  | 'openai.embeddings'
  | 'ollama.chat'
  | 'ollama.generate'
  | 'ollama.embed'
  | 'ollama.embeddings';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** A client's request after validation: known fields have their types, unknown ones are kept in `body`. */
export interface ClientRequest {
  endpoint: Endpoint;
  model: string;
  stream: boolean;
  body: JsonObject;
}

export interface ExchangeContext {
  /** 32 lower-case hex digits of randomness, minted for this call. */
  id: string;
  /** Wall clock, epoch milliseconds. */
  now: () => number;
  /** Monotonic clock, milliseconds. */
  monotonicMs: () => number;
  /** The answer may have been made for another client, who asked for counts where this one did not. */
  shared?: boolean;
  /** A stream is to tell counts, whether or not this client asked for them: another one may. */
  asksForCounts?: boolean;
}

export interface Exchange {
  /** The operation whose breaker guards the call; decided by the upstream endpoint that is called. */
  readonly operation: Operation;
  /** Upstream path: below the base URL for `openai` (`/chat/completions`), from the root for `ollama` (`/api/chat`). */
  readonly path: string;
  /** The body to send, or null to send the client's own bytes. */
  readonly requestBody: JsonObject | null;
  /**
   * The whole answer in the client's form.
   * @throws SwitchgearError `upstream_invalid` when the body is not what the protocol promises.
   */
  answer(body: Json): JsonObject;
  /** A translator for one streamed answer. */
  openStream(): AnswerStream;
  /** Hands a large whole answer on as it comes; absent where it has to be translated. */
  openBytes?(): AnswerBytes;
}

/** A whole answer that is checked and changed in its bytes. */
export interface AnswerBytes {
  /** @returns what of it the client is sent @throws SwitchgearError as `AnswerStream.push` */
  push(chunk: Buffer): Buffer[];
  /** All of it has come. @returns what it said of tokens @throws SwitchgearError `upstream_invalid` when it was cut */
  finish(): Usage | null;
}

/** Tokens as the upstream counted them, and the milliseconds that it says it took to load the model. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly loadMs: number;
}

export interface AnswerStream {
  /** What the upstream has said of tokens so far; null when nothing. */
  readonly usage: Usage | null;
  /** True once the upstream's end marker (`[DONE]`, `done:true`) was pushed. What follows it is ignored. */
  readonly ended: boolean;
  /**
   * One upstream event: the data of an SSE event or one NDJSON line. Answers framed text for the client, '' when
   * there is nothing to send yet.
   * @throws SwitchgearError `upstream_error` when the event is the upstream's report of an error,
   *   `upstream_invalid` when it cannot be read.
   */
  push(payload: string): string;
  /**
   * The upstream closed its stream. Answers the closing text, '' when it was sent already.
   * @throws SwitchgearError `upstream_invalid` when the answer was cut before it was complete.
   */
  finish(): string;
}
