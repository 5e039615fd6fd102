/**
 * Embeddings, item by item: the inputs of an upstream request, the vectors of its answer, and an answer made of
 * vectors from several places. Numbers pass unchanged: 32 bits where they hold every value, else 64.
 */
import { endianness } from 'node:os';
import { isObject, numberIn, objectIn, objectsIn, present, stringIn } from '#lib/protocols/json.ts';
import type { Json, JsonObject, Protocol } from '#lib/protocols/types.ts';
import { checkedAnswer, invalid } from '#lib/protocols/upstream-answer.ts';

/** Little-endian floats. */
export interface Vector {
  readonly bytesPerValue: 4 | 8;
  readonly bytes: Buffer;
}

/** Ollama's older endpoint takes one text, under another name. */
export const LEGACY_PATH = '/api/embeddings';

/** What is to be embedded; a list of numbers is one input, in tokens. */
export function inputsOf(body: JsonObject, path: string): Json[] {
  const input = path === LEGACY_PATH ? body.prompt : body.input;
  if (!Array.isArray(input)) return [input ?? ''];
  return typeof input[0] === 'number' ? [input] : input;
}

/** The same request for other inputs. */
export function withInputs(body: JsonObject, path: string, inputs: readonly Json[]): JsonObject {
  return path === LEGACY_PATH ? { ...body, prompt: inputs[0] ?? '' } : { ...body, input: [...inputs] };
}

/** The request without what differs between its items. */
export function withoutInputs({
  input: _,
  prompt: __,
  encoding_format: ___,
  ...rest
}: JsonObject): JsonObject {
  return rest;
}

/**
 * The vectors of an upstream's answer in the order of its inputs, whatever the order of the answer.
 * @throws SwitchgearError `upstream_invalid` unless every one of `count` inputs has exactly one
 */
export function vectorsIn(body: Json, protocol: Protocol, count: number): Vector[] {
  return rawVectorsIn(body, protocol, count).map(vectorOf);
}

/** As `vectorsIn`, in the form that the upstream sent: numbers or base64. */
export function rawVectorsIn(body: Json, protocol: Protocol, count: number): (number[] | string)[] {
  const answer = checkedAnswer(body);
  const vectors = protocol === 'openai' ? indexed(objectsIn(answer, 'data')) : listed(answer);
  if (vectors.length !== count) throw invalid(`${vectors.length} embeddings for ${count} inputs`);
  return vectors.map((vector, at) => {
    if (typeof vector === 'string' || isNumbers(vector)) return vector;
    throw invalid(`embeddings for ${count} inputs without one for input ${at}`);
  });
}

/** Numbers of a vector that came in either form. */
export function numbersOf(raw: number[] | string): number[] {
  return typeof raw === 'string' ? valuesOf(vectorOf(raw)) : raw;
}

export function valuesOf({ bytesPerValue, bytes }: Vector): number[] {
  const aligned = inHostOrder(Buffer.from(bytes), bytesPerValue);
  const { buffer, byteOffset, length } = aligned;
  const own = buffer.slice(byteOffset, byteOffset + length);
  return Array.from(bytesPerValue === 4 ? new Float32Array(own) : new Float64Array(own));
}

/** 32-bit floats, little-endian whatever the machine. */
export function toBase64(values: readonly number[]): string {
  return littleEndian(Float32Array.from(values)).toString('base64');
}

/** Cosine of the angle between two vectors; 0 when they have not the same length. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return 0;
  let [dot, aa, bb] = [0, 0, 0];
  for (const [at, x] of a.entries()) {
    const y = b[at] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? Number(aa === bb) : dot / Math.sqrt(aa * bb);
}

export interface AnswerFrame {
  /** As the upstream named it. */
  readonly model: string;
  readonly path: string;
  readonly protocol: Protocol;
  readonly isPacked: boolean;
  /** Null when the upstream did not count. */
  readonly tokens: number | null;
  readonly tookMs: number;
}

/** An upstream's answer, had it been asked for all of them. */
export function answerOf(vectors: readonly Vector[], frame: AnswerFrame): JsonObject {
  const { model, path, protocol, isPacked, tokens, tookMs } = frame;
  if (path === LEGACY_PATH) return { embedding: vectors[0] === undefined ? [] : valuesOf(vectors[0]) };
  if (protocol === 'ollama') {
    return present({
      model,
      embeddings: vectors.map(valuesOf),
      total_duration: Math.round(tookMs * 1e6),
      load_duration: 0,
      prompt_eval_count: tokens,
    });
  }
  return present({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isPacked ? packed(vector) : valuesOf(vector),
    })),
    model,
    usage: tokens === null ? null : { prompt_tokens: tokens, total_tokens: tokens },
  });
}

export function modelIn(body: Json): string | null {
  return isObject(body) ? stringIn(body, 'model') : null;
}

/** The tokens of a call dealt to its items by their length, so that the sum is the call's. */
export function tokensPerItem(total: number, inputs: readonly Json[]): number[] {
  const weights = inputs.map((input) =>
    Array.isArray(input) || typeof input === 'string' ? input.length : 1,
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  let [dealt, seen] = [0, 0];
  return weights.map((weight) => {
    seen += weight;
    const upTo = sum === 0 ? 0 : Math.round((total * seen) / sum);
    const share = upTo - dealt;
    dealt = upTo;
    return share;
  });
}

function indexed(data: readonly JsonObject[]): (Json | undefined)[] {
  const vectors = new Map<number, Json | undefined>();
  for (const [at, item] of data.entries()) vectors.set(numberIn(item, 'index') ?? at, item.embedding);
  return data.map((_, at) => vectors.get(at));
}

function listed(answer: JsonObject): Json[] {
  if (Array.isArray(answer.embedding)) return [answer.embedding];
  return Array.isArray(answer.embeddings) ? answer.embeddings : [];
}

function isNumbers(value: Json | undefined): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

function vectorOf(raw: number[] | string): Vector {
  if (typeof raw === 'string') {
    const bytes = Buffer.from(raw, 'base64');
    if (bytes.length % 4 !== 0) throw invalid('an embedding that is not made of 32-bit floats');
    return { bytesPerValue: 4, bytes };
  }
  const narrow = Float32Array.from(raw);
  if (raw.every((value, at) => value === narrow[at]))
    return { bytesPerValue: 4, bytes: littleEndian(narrow) };
  return { bytesPerValue: 8, bytes: littleEndian(Float64Array.from(raw)) };
}

function packed(vector: Vector): string {
  return vector.bytesPerValue === 4 ? vector.bytes.toString('base64') : toBase64(valuesOf(vector));
}

function littleEndian(values: Float32Array | Float64Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return inHostOrder(bytes, values.BYTES_PER_ELEMENT);
}

function inHostOrder(bytes: Buffer, width: number): Buffer {
  if (endianness() === 'LE') return bytes;
  return width === 4 ? bytes.swap32() : bytes.swap64();
}

/** OpenAI's count, as Ollama's. */
export function promptTokens(body: Json): number | null {
  const usage = isObject(body) ? objectIn(body, 'usage') : null;
  return usage === null ? null : (numberIn(usage, 'prompt_tokens') ?? 0);
}
